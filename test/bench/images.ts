// Rows of packed images on four devices, with the programs that people use to write such images. Nothing is verified,
// because not all of them can.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBed, mustBeCopies, spoil } from './bed.ts';
import { ADDON, COMMAND_LINE, commandLine, engine, type Entry, type Task } from './contenders.ts';
import { PROGRAM } from './decode.ts';
import { etcher, etcherMissing } from './etcher.ts';
import { GiB, median, MiB } from './figures.ts';
import { runProgram, type Sample } from './measure.ts';
import { decodeBy, fillWithPrograms, pack, PACKINGS } from './packed-image.ts';
import { teeOf } from './peers.ts';
import type { Row, RowPlan } from './rows.ts';
import { missingProgram, quoted, shell } from './shell.ts';

const MOST = 256 * MiB;
const DESTINATIONS = 4;
const START_UP_RUNS = 3;

export const DECODING = 'limit: decoding alone';
export const COPYING = 'limit: raw copying alone';

/** The commands that pack an image and that unpack it into a pipe. IMAGE and PACKED are the files. */
interface Packed {
  id: string;
  title: string;
  /** The file extension, by which bmaptool recognises the format. */
  ending: string;
  packing: string;
  unpackers: readonly string[];
  /** The largest image, where that is not MOST: one that is decoded in no time has to be larger. */
  most?: number;
}

const FORMATS: readonly Packed[] = [
  {
    id: 'image-xz',
    ending: 'xz',
    title: 'image in xz of several blocks->4',
    packing: PACKINGS.xz,
    unpackers: ['xz -dc -T1 PACKED', 'xz -dc -T0 PACKED'],
  },
  {
    id: 'image-xz-one',
    ending: 'xz',
    title: 'image in xz of one block->4',
    packing: PACKINGS.xzOfOneBlock,
    unpackers: ['xz -dc -T1 PACKED', 'xz -dc -T0 PACKED'],
  },
  {
    id: 'image-gz',
    ending: 'gz',
    title: 'image in gzip->4',
    packing: PACKINGS.gzip,
    unpackers: ['gzip -dc PACKED'],
  },
  {
    id: 'image-bz2',
    ending: 'bz2',
    title: 'image in bzip2->4',
    packing: PACKINGS.bzip2,
    unpackers: ['bzip2 -dc PACKED'],
  },
  {
    id: 'image-zst',
    ending: 'zst',
    title: 'image in zstd->4',
    packing: PACKINGS.zstdOfOneFrame,
    unpackers: ['zstd -dcq PACKED'],
  },
  {
    id: 'image-ours',
    ending: 'img.zst',
    title: 'image as Platter writes it->4',
    packing: PACKINGS.ours,
    unpackers: ['zstd -dcq PACKED'],
    most: 2 * GiB,
  },
];

/** The time without start-up, which is the median of three runs with an image of 1 MiB. */
function withoutStartUp(run: (source: string) => Promise<Sample>, source: string, small: string): Entry['run'] {
  let startUp: number | null = null;
  return async () => {
    if (startUp === null) {
      const walls: number[] = [];
      for (let i = 0; i < START_UP_RUNS; i += 1) walls.push((await run(small)).wall);
      startUp = median(walls);
    }
    const sample = await run(source);
    return { ...sample, seconds: Math.max(0, sample.wall - startUp) };
  };
}

/** bmaptool writes one device, so run one for each device at the same time. */
const bmaptool = (source: string, { destinations }: Task): string =>
  [
    ...destinations.map(
      (to, i) => `start to${String(i)} bmaptool --quiet copy --nobmap ${quoted(source)} ${quoted(to)}`,
    ),
    `wait_for ${destinations.map((_, i) => `to${String(i)}`).join(' ')} || return`,
  ].join('\n');

/** The files of a row: the packed image, and a packed image of 1 MiB that measures start-up. */
interface Files {
  packed: string;
  small: string;
}

function entriesOf({ unpackers }: Packed, task: Task, { packed, small }: Files): Entry[] {
  const peer = (name: string, run: Entry['run']): Entry => ({ name, kind: 'peer', run });
  const command = (source: string): Promise<Sample> => commandLine({ ...task, source }, ['--no-verify']);
  const byBmaptool = (source: string): Promise<Sample> => shell({ text: bmaptool(source, task), tells: false }, task);
  return [
    { name: DECODING, kind: 'limit', run: () => decodeBy(`${PROGRAM} decode < ${quoted(packed)}`), writes: false },
    { name: COPYING, kind: 'limit', run: () => engine({ ...task, hash: true, addon: ADDON }) },
    { name: COMMAND_LINE, kind: 'platter', run: withoutStartUp(command, packed, small) },
    peer('etcher-sdk', etcherMissing() ?? (() => etcher({ ...task, source: packed }, false))),
    peer('bmaptool', missingProgram('bmaptool', 'bmap-tools') ?? withoutStartUp(byBmaptool, packed, small)),
    ...unpackers.map((unpacker) => {
      const text = teeOf(unpacker.replace('PACKED', quoted(packed)), task);
      return peer(`${unpacker.replace(' PACKED', '')}, tee, dd`, () => shell({ text, tells: true }, task));
    }),
  ];
}

function imageRow(format: Packed): RowPlan {
  const { id, title, ending, packing, most = MOST } = format;
  return {
    id,
    title,
    bytes: (size) => Math.min(size, most),
    destinations: DESTINATIONS,
    async make(bytes) {
      const bed = await makeBed({ bytes, destinations: DESTINATIONS });
      const folder = mkdtempSync(join(tmpdir(), 'platter-image-'));
      const close = async (): Promise<void> => {
        rmSync(folder, { recursive: true });
        await bed.close();
      };
      const files: Files = { packed: join(folder, `packed.${ending}`), small: join(folder, `small.${ending}`) };
      const image = join(folder, 'image');
      const { backing, device } = bed.source;
      let missing: string | null = null;
      for (const [length, file] of [
        [MiB, files.small],
        [bytes, files.packed],
      ] as const) {
        fillWithPrograms(image, length);
        missing = pack(packing, image, file);
      }
      await runProgram('dd', [`if=${image}`, `of=${backing}`, 'bs=1M', 'conv=notrunc', 'status=none']);
      const task = { source: device, destinations: bed.destinations.map((to) => to.device), bytes };
      const entries = entriesOf(format, task, files).map((entry) => ({ ...entry, run: missing ?? entry.run }));
      const row: Row = {
        bed: { close },
        limit: DECODING,
        entries,
        before: () => spoil(bed),
        check: () => mustBeCopies(bed),
      };
      return row;
    },
  };
}

export const imageRows: readonly RowPlan[] = FORMATS.map(imageRow);
