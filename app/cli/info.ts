// `platter info`: describes a disk, an image file or the file at a URL, and its content.
import { statSync } from 'node:fs';
import type { Disk } from '../contract/disks.ts';
import type { PlatterError } from '../contract/errors.ts';
import { plainRunning, STANDARD_INPUT } from '../contract/request-facts.ts';
import { numberOf } from '../engine/devices/file-ids.ts';
import type { Described } from '../contract/disk-content.ts';
import { describe, describePartial } from '../engine/unpacking/describe.ts';
import { english } from '../base/english.ts';
import { failure, outcome, unlessErrno } from '../base/errors.ts';
import { isUrl, readUrl, shownUrl } from '../download/addresses.ts';
import { RemoteFile } from '../download/remote-file.ts';
import type { Engine } from '../client/client.ts';
import type { Actions } from './commands.ts';
import { diskTable } from './output/disk-table.ts';
import { EXIT } from './output/exit-code.ts';
import { infoLines, type RemoteFacts } from './output/info-lines.ts';
import { diskFacts, errorFacts } from './output/json.ts';
import { forTerminal, paint, refusals, printResult, terminal } from './output/speech.ts';
import { screenOf } from './output/streams.ts';
import { printableJson } from './output/text.ts';
import { absolutePath } from './output/typed-paths.ts';
import { usageDocument, type FoundUsage } from './output/usage-lines.ts';
import { waitsOn } from './output/waits.ts';
import { sudoCommand } from './rights.ts';
import { withEngine } from './with-engine.ts';

const { stdout, stderr } = process;

export const info: Actions['info'] = (path, options) => {
  if (path === STANDARD_INPUT) {
    refusals(options.json)([elsewhere()]);
    return Promise.resolve(EXIT.refused);
  }
  if (isUrl(path)) {
    if (!options.used) return tellOfUrl(path, options);
    refusals(options.json)([notOfUrl(path)]);
    return Promise.resolve(EXIT.refused);
  }
  const stats = unlessErrno(null, () => statSync(path, { bigint: true }));
  const number = stats?.isBlockDevice() === true ? numberOf(stats.rdev) : null;
  if (number === null && !options.used) return printInfo(path, null, null, options);
  return withEngine(refusals(options.json), async (engine) => {
    const disks = number === null ? [] : await engine.call('list', { all: true });
    const disk = disks.find(({ majorMinor }) => majorMinor === number) ?? null;
    return printInfo(path, disk, options.used ? engine : null, options);
  });
};

const elsewhere = (): PlatterError =>
  failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device: STANDARD_INPUT,
    reason: { kind: 'said', text: 'Platter describes files, disks and URLs, not standard input.' },
    remedy: { kind: 'said', text: 'Save it as a file first, or have `platter check` read all of it.' },
  });

const notOfUrl = (url: string): PlatterError =>
  failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device: shownUrl(readUrl(url)),
    reason: { kind: 'said', text: 'Platter finds the used blocks of disks and files, not of a URL.' },
    remedy: { kind: 'said', text: 'Download it first, or leave out --used.' },
  });

type Options = Parameters<Actions['info']>[1];

/** Fetches no more of the file than it takes to describe it. */
async function tellOfUrl(url: string, { entry, json }: Options): Promise<number> {
  const looked = await outcome(async () => {
    const remote = await RemoteFile.open(readUrl(url), plainRunning.stallTimeout);
    try {
      const found = await describePartial(remote, entry);
      const { origin, name, ranges, fetched, isIncomplete, fault } = remote;
      const facts: RemoteFacts = { name, ranges, fetched, complete: !isIncomplete };
      return { origin, remote: facts, found: { ...found, problem: fault ?? found.problem } };
    } finally {
      await remote.close();
    }
  });
  if (looked.ok) return print(looked.value.origin, { ...NOTHING_MORE, ...looked.value }, json);
  refusals(json)(looked.errors);
  return EXIT.refused;
}

/**
 * `disk`: the engine's facts about a whole disk; null for a file, or a device that is not a whole disk. `engine`: finds
 * the used blocks; null when they are not asked for.
 */
async function printInfo(
  path: string,
  disk: Disk | null,
  engine: Engine | null,
  { entry, json }: Options,
): Promise<number> {
  const described = await outcome(() => describe(path, entry));
  const found = described.ok ? described.value : unreadable(disk, described.errors);
  if (found === null) {
    if (!described.ok) refusals(json)(described.errors);
    return EXIT.refused;
  }
  if (engine !== null && found.packed !== null && found.problem === null && !tellsUse(found)) {
    refusals(json)([ofPacked(path)]);
    return EXIT.refused;
  }
  const usage = engine === null ? null : await findUsage(path, found, engine);
  return print(path, { ...NOTHING_MORE, disk, found, usage }, json);
}

/**
 * Asks the engine what the file systems use. Gives the reason when nothing can be read, and null for a packed image that
 * says it itself.
 */
async function findUsage(path: string, found: Described, engine: Engine): Promise<FoundUsage | null> {
  if (found.problem !== null) return { usage: null, problem: found.problem };
  if (tellsUse(found)) return null;
  const waits = waitsOn(stderr, stderr.isTTY && terminal.moves);
  const absolute = absolutePath(path, process.cwd());
  const unlisten = engine.onWaiting((slow, reading) => waits.told(slow, reading));
  const asked = await outcome(() => engine.call('usage', { path: absolute }));
  unlisten();
  waits.over();
  return asked.ok ? { usage: asked.value, problem: null } : { usage: null, problem: asked.errors[0]! };
}

/** True for an image that says itself what of its source was in use. */
const tellsUse = ({ copied }: Described): boolean => (copied?.used ?? null) !== null;

const ofPacked = (device: string): PlatterError =>
  failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device,
    reason: { kind: 'usedPacked' },
    remedy: { kind: 'withoutUsed' },
  });

/** The facts to print. */
interface Told {
  /** null for anything but a whole disk. */
  disk: Disk | null;
  found: Described;
  /** The facts about a file at a URL; null for a file or disk of this machine. */
  remote: RemoteFacts | null;
  /** null when it is not asked for, and for a packed image that tells it. */
  usage: FoundUsage | null;
}

const NOTHING_MORE: Omit<Told, 'found'> = { disk: null, remote: null, usage: null };

function print(path: string, told: Told, json: boolean): number {
  const { disk, found, remote, usage } = told;
  if (json) printResult(`${printableJson(forPrograms(path, told), 2)}\n`);
  else {
    const width = stdout.isTTY ? screenOf(stdout).width : Infinity;
    const lines = [
      ...(disk === null ? [] : [...diskTable([disk], width, paint), '']),
      ...infoLines(path, found, paint, remote, usage),
    ];
    printResult(`${forTerminal(lines.join('\n'))}\n`);
    if (found.problem !== null) refusals(false)([withCommand(found)]);
  }
  return found.problem === null && (usage?.problem ?? null) === null ? EXIT.allGood : EXIT.someFailed;
}

/** The description of a disk that the user may not read; null for anything else that cannot be opened. */
const unreadable = (disk: Disk | null, errors: readonly NonNullable<Described['problem']>[]): Described | null =>
  disk === null
    ? null
    : {
        kind: 'disk',
        bytes: disk.size,
        packed: null,
        content: null,
        size: disk.size,
        sizeIs: 'exact',
        table: null,
        signatures: null,
        checksum: null,
        unclear: [],
        bmap: null,
        copied: null,
        problem: errors[0]!,
      };

/** The problem, with the command that would solve it. */
function withCommand({ kind, problem }: Described): NonNullable<Described['problem']> {
  const isRefused = kind === 'disk' && problem!.code === 'NOT_PERMITTED';
  return isRefused ? { ...problem!, advice: `To look at it: ${sudoCommand(process.argv)}` } : problem!;
}

/** The description for programs: each reason as an English sentence. */
const forPrograms = (path: string, { disk, found, remote, usage }: Told): object => ({
  path,
  kind: found.kind,
  disk: disk === null ? null : diskFacts(disk),
  remote,
  bytes: found.bytes,
  packed: found.packed,
  content: found.content,
  size: found.size,
  sizeIs: found.sizeIs,
  table: found.table,
  signatures: found.signatures,
  checksum: found.checksum,
  unclear: found.unclear.map(({ list, reason }) => ({ list, message: english.reason(reason) })),
  bmap:
    (found.bmap?.reason ?? null) === null
      ? found.bmap
      : { name: found.bmap!.name, message: english.reason(found.bmap!.reason!) },
  ...(usage === null ? {} : { used: usageDocument(usage) }),
  copied: found.copied,
  problem: found.problem === null ? null : errorFacts(withCommand(found)),
});
