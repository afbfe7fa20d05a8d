// The options that prove the source file, and those that choose its block map.
import {
  bmapOf,
  checksumOf,
  givenBmap,
  keyOf,
  ofSourceFile,
  takesUsed,
  zeroesUnmapped,
  type OfSourceFile,
} from '../request-facts.ts';
import type { Hash } from '../hashes.ts';
import type { JobKind, JobRequest } from '../request.ts';
import type { JobOption, ValueKind } from './option-types.ts';

const LIST = 'list:';
const CHECKSUMS: readonly Hash[] = ['sha256', 'sha512', 'sha1', 'md5'];

/** Sets what `request` says of its source file, if it has one. */
function setOfSourceFile(request: JobRequest, change: Partial<OfSourceFile>): void {
  Object.assign(ofSourceFile(request) ?? {}, change);
}

/**
 * The options that prove the source file. Only one of them can be given, and none together with those in `conflicts`.
 */
export function checksumOptions(kinds: readonly JobKind[], conflicts: readonly `--${string}`[]): JobOption[] {
  const all = [...CHECKSUMS.map((hash) => `--${hash}` as const), '--checksum'] as const;
  const row = (
    flag: (typeof all)[number],
    value: { name: string; is: ValueKind },
    help: string,
    prefix: string,
  ): JobOption => ({
    flag,
    value,
    kinds,
    help,
    conflicts: [...all.filter((other) => other !== flag), ...conflicts],
    inWindow: prefix !== LIST,
    get: (request) => {
      const checksum = checksumOf(request);
      return checksum?.startsWith(prefix) === true ? checksum.slice(prefix.length) : null;
    },
    set: (request, said: string | null) => {
      if (said !== null) setOfSourceFile(request, { checksum: `${prefix}${said}`, checksumCovers: null });
      else if (checksumOf(request)?.startsWith(prefix) === true)
        setOfSourceFile(request, { checksum: null, checksumCovers: null });
    },
  });
  return [
    ...CHECKSUMS.map((hash) =>
      row(
        `--${hash}`,
        { name: 'HEX', is: hash },
        `the ${hash} that the source file, or the image in it, must have`,
        `${hash}:`,
      ),
    ),
    row(
      '--checksum',
      { name: 'FILE', is: 'file' },
      'the same from a list such as SHA256SUMS, in a file or at a URL',
      LIST,
    ),
    {
      flag: '--key',
      value: { name: 'KEY', is: 'file' },
      kinds,
      help: 'the key that must have signed the source or its checksum list: a file of public keys, or a minisign key',
      // A checksum that the user typed needs no signature.
      conflicts: [...CHECKSUMS.map((hash) => `--${hash}` as const), ...conflicts],
      inWindow: false,
      get: keyOf,
      set: (request, key: string | null) => setOfSourceFile(request, { key }),
    },
  ];
}

/** The options that choose the block map of the source. None can be given together with those in `conflicts`. */
export function bmapOptions(kinds: readonly JobKind[], conflicts: readonly `--${string}`[]): JobOption[] {
  return [
    {
      flag: '--bmap',
      value: { name: 'FILE', is: 'file' },
      kinds,
      help: 'copy and compare only what this bmap of the image maps; by default one beside SOURCE',
      conflicts: ['--ignore-bmap', ...conflicts],
      inWindow: false,
      get: givenBmap,
      set: (request, path: string | null) => {
        if (path !== null) setOfSourceFile(request, { bmap: { path, sha256: null } });
        else if (givenBmap(request) !== null) setOfSourceFile(request, { bmap: 'beside' });
      },
    },
    {
      flag: '--ignore-bmap',
      value: null,
      kinds,
      help: 'ignore a bmap beside SOURCE: copy and compare the whole image',
      conflicts: ['--bmap', '--zero-unmapped'],
      inWindow: true,
      get: (request) => bmapOf(request) === 'none' || null,
      set: (request, on: true | null) => {
        if (on) setOfSourceFile(request, { bmap: 'none' });
        else if (bmapOf(request) === 'none') setOfSourceFile(request, { bmap: 'beside' });
      },
    },
    {
      flag: '--zero-unmapped',
      value: null,
      kinds,
      help: 'write what the bmap or --used leaves out as zeros, instead of leaving it alone',
      conflicts: ['--ignore-bmap', ...conflicts],
      inWindow: true,
      get: (request) => zeroesUnmapped(request) || null,
      set: (request, on: true | null) => setOfSourceFile(request, { zeroUnmapped: on === true }),
    },
    {
      flag: '--used',
      value: null,
      kinds,
      help: 'copy and compare only what the file systems of SOURCE use, as far as that can be proven',
      conflicts: [
        '--as-is',
        '--bmap',
        '--ignore-bmap',
        '--checksum',
        '--key',
        ...CHECKSUMS.map((hash) => `--${hash}` as const),
        ...conflicts,
      ],
      inWindow: true,
      get: (request) => takesUsed(request) || null,
      set: (request, on: true | null) => setOfSourceFile(request, { used: on === true }),
    },
  ] as JobOption[];
}
