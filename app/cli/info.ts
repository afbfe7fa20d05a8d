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
import { isUrl, readUrl } from '../download/addresses.ts';
import { RemoteFile } from '../download/remote-file.ts';
import type { Actions } from './commands.ts';
import { diskTable } from './output/disk-table.ts';
import { EXIT } from './output/exit-code.ts';
import { infoLines, type RemoteFacts } from './output/info-lines.ts';
import { diskFacts, errorFacts } from './output/json.ts';
import { forTerminal, paint, refusals, printResult } from './output/speech.ts';
import { screenOf } from './output/streams.ts';
import { printableJson } from './output/text.ts';
import { sudoCommand } from './rights.ts';
import { withEngine } from './with-engine.ts';

const { stdout } = process;

export const info: Actions['info'] = (path, options) => {
  if (path === STANDARD_INPUT) {
    refusals(options.json)([elsewhere()]);
    return Promise.resolve(EXIT.refused);
  }
  if (isUrl(path)) return tellOfUrl(path, options);
  const stats = unlessErrno(null, () => statSync(path, { bigint: true }));
  if (stats?.isBlockDevice() !== true) return printInfo(path, null, options);
  return withEngine(refusals(options.json), async (engine) => {
    const disks = await engine.call('list', { all: true });
    return printInfo(path, disks.find(({ majorMinor }) => majorMinor === numberOf(stats.rdev)) ?? null, options);
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

type Options = Parameters<Actions['info']>[1];

/** Fetches no more of the file than it takes to describe it. */
async function tellOfUrl(url: string, { entry, json }: Options): Promise<number> {
  const looked = await outcome(async () => {
    const remote = await RemoteFile.open(readUrl(url), plainRunning.stallTimeout);
    try {
      const found = await describePartial(remote, entry);
      const { origin, name, ranges, fetched, isIncomplete, fault } = remote;
      const facts: RemoteFacts = { name, ranges, fetched, complete: !isIncomplete };
      return { origin, facts, found: { ...found, problem: fault ?? found.problem } };
    } finally {
      await remote.close();
    }
  });
  if (looked.ok) return print(looked.value.origin, null, looked.value.found, looked.value.facts, json);
  refusals(json)(looked.errors);
  return EXIT.refused;
}

/** `disk`: the engine's facts about a whole disk; null for a file, or a device that is not a whole disk. */
async function printInfo(path: string, disk: Disk | null, { entry, json }: Options): Promise<number> {
  const described = await outcome(() => describe(path, entry));
  const found = described.ok ? described.value : unreadable(disk, described.errors);
  if (found === null) {
    if (!described.ok) refusals(json)(described.errors);
    return EXIT.refused;
  }
  return print(path, disk, found, null, json);
}

/** `remote`: the facts about the file at a URL; null for a file or disk of this machine. */
function print(path: string, disk: Disk | null, found: Described, remote: RemoteFacts | null, json: boolean): number {
  if (json) printResult(`${printableJson(forPrograms(path, disk, found, remote), 2)}\n`);
  else {
    const width = stdout.isTTY ? screenOf(stdout).width : Infinity;
    const lines = [
      ...(disk === null ? [] : [...diskTable([disk], width, paint), '']),
      ...infoLines(path, found, paint, remote),
    ];
    printResult(`${forTerminal(lines.join('\n'))}\n`);
    if (found.problem !== null) refusals(false)([withCommand(found)]);
  }
  return found.problem === null ? EXIT.allGood : EXIT.someFailed;
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
        problem: errors[0]!,
      };

/** The problem, with the command that would solve it. */
function withCommand({ kind, problem }: Described): NonNullable<Described['problem']> {
  const isRefused = kind === 'disk' && problem!.code === 'NOT_PERMITTED';
  return isRefused ? { ...problem!, advice: `To look at it: ${sudoCommand(process.argv)}` } : problem!;
}

/** The description for programs: each reason as an English sentence. */
const forPrograms = (path: string, disk: Disk | null, found: Described, remote: RemoteFacts | null): object => ({
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
  problem: found.problem === null ? null : errorFacts(withCommand(found)),
});
