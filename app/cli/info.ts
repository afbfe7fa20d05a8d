// `platter info`: describes a disk or an image file, and its content.
import { statSync } from 'node:fs';
import type { Disk } from '../contract/disks.ts';
import type { PlatterError } from '../contract/errors.ts';
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import { numberOf } from '../engine/devices/file-ids.ts';
import type { Described } from '../contract/disk-content.ts';
import { describe } from '../engine/unpacking/describe.ts';
import { english } from '../base/english.ts';
import { failure, outcome, unlessErrno } from '../base/errors.ts';
import { shownLink } from '../download/addresses.ts';
import type { Actions } from './commands.ts';
import { isElsewherePath } from './download.ts';
import { diskTable } from './output/disk-table.ts';
import { EXIT } from './output/exit-code.ts';
import { infoLines } from './output/info-lines.ts';
import { diskFacts, errorFacts } from './output/json.ts';
import { forTerminal, paint, refusals, tell } from './output/speech.ts';
import { screenOf } from './output/streams.ts';
import { printableJson } from './output/text.ts';
import { sudoCommand } from './rights.ts';
import { withEngine } from './with-engine.ts';

const { stdout } = process;

export const info: Actions['info'] = (path, options) => {
  if (isElsewherePath(path)) {
    refusals(options.json)([elsewhere(path)]);
    return Promise.resolve(EXIT.refused);
  }
  const stats = unlessErrno(null, () => statSync(path, { bigint: true }));
  if (stats?.isBlockDevice() !== true) return tellOf(path, null, options);
  return withEngine(refusals(options.json), async (engine) => {
    const disks = await engine.call('list', { all: true });
    return tellOf(path, disks.find(({ majorMinor }) => majorMinor === numberOf(stats.rdev)) ?? null, options);
  });
};

const elsewhere = (path: string): PlatterError =>
  failure({
    code: 'BAD_ARGUMENT',
    op: 'check',
    device: path === STANDARD_INPUT ? path : shownLink(path),
    reason: { kind: 'said', text: 'Platter describes only files and disks of this machine.' },
    remedy: { kind: 'said', text: 'Save it as a file first, or have `platter check` read all of it.' },
  });

/** `disk`: the engine's facts about a whole disk; null for a file, or a device that is not a whole disk. */
async function tellOf(
  path: string,
  disk: Disk | null,
  { entry, json }: Parameters<Actions['info']>[1],
): Promise<number> {
  const described = await outcome(() => describe(path, entry));
  const found = described.ok ? described.value : unreadable(disk, described.errors);
  if (found === null) {
    if (!described.ok) refusals(json)(described.errors);
    return EXIT.refused;
  }
  if (json) tell(`${printableJson(forPrograms(path, disk, found), 2)}\n`);
  else {
    const width = stdout.isTTY ? screenOf(stdout).width : Infinity;
    const lines = [
      ...(disk === null ? [] : [...diskTable([disk], width, paint), '']),
      ...infoLines(path, found, paint),
    ];
    tell(`${forTerminal(lines.join('\n'))}\n`);
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
const forPrograms = (path: string, disk: Disk | null, found: Described): object => ({
  path,
  kind: found.kind,
  disk: disk === null ? null : diskFacts(disk),
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
