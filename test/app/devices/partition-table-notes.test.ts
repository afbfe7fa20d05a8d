// Partition tables on disks of another sector size: the review warns before, and blkid judges after.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PlatterError } from '../../../app/contract/errors.ts';
import type { Note } from '../../../app/contract/facts.ts';
import { assertOwnLoop, canLab } from '../../lab/lab.ts';
import { MiB, refused, requestOf, resultOf, oneBench } from '../job/support.ts';

const SIZE = 8 * MiB;
const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

const bench = oneBench();

/** An MBR with one partition of this type; `start` and `count` in sectors. */
function mbr(bytes: Buffer, type: number, start: number, count: number): Buffer {
  bytes[446 + 4] = type;
  bytes.writeUInt32LE(start, 446 + 8);
  bytes.writeUInt32LE(count, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** `SIZE` bytes with a GPT (UEFI specification) and one partition, without the backup GPT at the end. */
function gpt(sector: number): Buffer {
  const bytes = mbr(Buffer.alloc(SIZE), 0xee, 1, SIZE / sector - 1);
  const entries = bytes.subarray(2 * sector, 2 * sector + 128 * 128);
  entries.fill(0x11, 0, 16);
  entries.fill(0x22, 16, 32);
  const [first, last] = [BigInt(MiB / sector), BigInt(SIZE / 2 / sector)];
  entries.writeBigUInt64LE(first, 32);
  entries.writeBigUInt64LE(last, 40);
  const header = bytes.subarray(sector, sector + 92);
  header.write('EFI PART', 'latin1');
  [0x10000, 92, 0, 0].forEach((value, index) => header.writeUInt32LE(value, 8 + 4 * index));
  [1n, BigInt(SIZE / sector - 1), first, BigInt(SIZE / sector) - 40n].forEach((value, index) =>
    header.writeBigUInt64LE(value, 24 + 8 * index),
  );
  header.fill(0x33, 56, 72);
  header.writeBigUInt64LE(2n, 72);
  [128, 128, crc32(entries)].forEach((value, index) => header.writeUInt32LE(value, 80 + 4 * index));
  header.writeUInt32LE(crc32(header), 16);
  return bytes;
}

async function image(bytes: Buffer): Promise<string> {
  const path = await bench.path('disk.img');
  await writeFile(path, bytes);
  return path;
}

/** The partition table that blkid finds on a disk. */
const tableOn = (device: string): string =>
  execFileSync('blkid', ['-p', '-o', 'value', '-s', 'PTTYPE', device], { encoding: 'utf8' }).trim();

const about = (notes: readonly Note[]): Note[] => notes.filter(({ kind }) => kind === 'otherSectors');

describe.skipIf(noLab !== null)('sectors of a partition table', () => {
  it.each([
    [512, 4096],
    [4096, 512],
  ] as const)(
    'warns before writing a table for sectors of %i bytes to a disk with sectors of %i',
    async (made, has) => {
      const source = await image(gpt(made));
      const [fits, odd] = await Promise.all(
        [made, has].map((sector) => bench.disk({ size: SIZE, sector, plain: true })),
      );
      const session = bench.session();
      const { notes } = await session.engine.call(
        'prepare',
        requestOf({ source, destinations: [fits!.device, odd!.device, await bench.path('copy.img')] }),
      );
      expect(about(notes)).toEqual([{ kind: 'otherSectors', path: odd!.device, has, made }]);
      await session.engine.call('start', {});
      await resultOf(session);
      expect([fits, odd].map((disk) => tableOn(disk!.device) === 'gpt')).toEqual([true, false]);
      // The same with a disk as source.
      const again = await session.engine.call(
        'prepare',
        requestOf({ source: fits!.device, destinations: [odd!.device] }),
      );
      expect(about(again.notes)).toHaveLength(1);
      await session.engine.call('cancel', {});
      const verifying = await session.engine.call(
        'prepare',
        requestOf({ kind: 'verify', source, destinations: [odd!.device] }),
      );
      expect(about(verifying.notes)).toEqual([]);
    },
  );

  it('tells the sectors of an MBR by which its partitions fit', async () => {
    const disk = await bench.disk({ size: SIZE, sector: 4096 });
    const notesOn = async (bytes: Buffer): Promise<Note[]> => {
      const session = bench.session();
      const { notes } = await session.engine.call(
        'prepare',
        requestOf({ source: await image(bytes), destinations: [disk.device] }),
      );
      await session.engine.call('cancel', {});
      return about(notes);
    };
    expect(await notesOn(mbr(Buffer.alloc(SIZE), 0x0c, 2048, 8192))).toEqual([
      { kind: 'otherSectors', path: disk.device, has: 4096, made: 512 },
    ]);
    expect(await notesOn(mbr(Buffer.alloc(SIZE), 0x0c, 256, 512)), 'it could be either').toEqual([]);
    expect(await notesOn(mbr(Buffer.alloc(SIZE, 0x5a), 0x0c, 2048, 8192)), 'the boot sector of a file system').toEqual(
      [],
    );
    expect(await notesOn(Buffer.alloc(SIZE, 1))).toEqual([]);
  });

  const notesFor = async (source: string, ...destinations: string[]): Promise<Note[]> => {
    const session = bench.session();
    const { notes } = await session.engine.call('prepare', requestOf({ source, destinations }));
    await session.engine.call('cancel', {});
    return notes;
  };

  it('F30 warns of other sectors than the source disk or a loop device has, for a new image too', async () => {
    const disk = await bench.disk({ size: SIZE, sector: 4096, plain: true });
    const copy = await bench.path('copy.img');
    assertOwnLoop(disk.device);
    await writeFile(disk.backing, gpt(512), { flag: 'r+' });
    expect(await notesFor(disk.device, copy)).toContainEqual({
      kind: 'sourceSectors',
      path: disk.device,
      has: 4096,
      made: 512,
    });
    expect(await notesFor(await image(gpt(4096)), copy)).toContainEqual({
      kind: 'imageSectors',
      path: copy,
      made: 4096,
    });
    expect((await notesFor(await image(gpt(512)), copy)).filter(({ kind }) => kind === 'imageSectors')).toEqual([]);
  });

  it('V6 F29 says where the last partition of a cut image ends, and that its sectors differ', async () => {
    const disk = await bench.disk({ size: SIZE, sector: 4096, plain: true });
    const cut = await image(mbr(Buffer.alloc(SIZE - 3 * 512), 0x0c, 2048, SIZE / 512 - 2048));
    const notes = await notesFor(cut, disk.device);
    expect(notes).toContainEqual({
      kind: 'partitionsBeyond',
      path: cut,
      end: SIZE,
      size: SIZE - 3 * 512,
      missing: 3 * 512,
    });
    expect(notes).toContainEqual({ kind: 'otherSectors', path: disk.device, has: 4096, made: 512 });
  });

  it('says that an image is cut whose GPT has its backup beyond the end', async () => {
    const all = gpt(512);
    const path = await image(all.subarray(0, SIZE - MiB));
    const copy = await bench.path('copy.img');

    const notes = await notesFor(path, copy);

    expect(notes.filter(({ kind }) => kind === 'gptCut')).toEqual([
      { kind: 'gptCut', path, whole: SIZE, missing: MiB },
    ]);
    expect((await notesFor(await image(all), copy)).filter(({ kind }) => kind === 'gptCut')).toEqual([]);
  });

  it('names all drives that are larger than a source with a GPT in one note', async () => {
    const drives = [
      await bench.disk({ size: SIZE + MiB, plain: true }),
      await bench.disk({ size: SIZE * 2, plain: true }),
    ];
    const paths = drives.map(({ device }) => device);
    const exact = await bench.disk({ size: SIZE, plain: true });
    const request = requestOf({ source: await image(gpt(512)), destinations: [...paths, exact.device] });
    const { notes } = await bench.session().engine.call('prepare', request);
    expect(notes.filter(({ kind }) => kind === 'gptNotAtEnd')).toEqual([{ kind: 'gptNotAtEnd', paths, count: 2 }]);
  });

  it('F29 says where the partitions of a source that is too long end, or that its excess is zeros', async () => {
    const disk = await bench.disk({ size: SIZE, plain: true });
    const refusal = async (bytes: Buffer): Promise<PlatterError> =>
      (
        await refused(
          bench
            .session()
            .engine.call('prepare', requestOf({ source: await image(bytes), destinations: [disk.device] })),
        )
      )[0]!;
    const tail = (fill: number, table: Buffer): Buffer => Buffer.concat([table, Buffer.alloc(512, fill)]);
    expect(await refusal(tail(1, mbr(Buffer.alloc(SIZE), 0x0c, 2048, 4096)))).toMatchObject({
      code: 'TOO_SMALL',
      reason: { kind: 'tooSmallForPartitions', holds: SIZE, missing: 512, end: 3 * MiB },
    });
    expect(await refusal(tail(1, gpt(512)))).toMatchObject({
      reason: { kind: 'tooSmallForPartitions', end: SIZE / 2 + 512 },
    });
    expect(await refusal(tail(0, mbr(Buffer.alloc(SIZE), 0x0c, 2048, 4096)))).toMatchObject({
      code: 'TOO_SMALL',
      reason: { kind: 'tooSmallForZeros', holds: SIZE, missing: 512 },
      remedy: { command: `truncate --size=${SIZE} ${await bench.path('disk.img')}` },
    });
    expect(await refusal(tail(1, Buffer.alloc(SIZE)))).toMatchObject({ reason: { kind: 'tooSmall', missing: 512 } });
  });
});

describe.skipIf(noLab !== null)('the image of one partition', () => {
  it('is told of before it is written to a whole disk, and not before it is written to an image', async () => {
    const source = await image(Buffer.alloc(SIZE));
    execFileSync('mkfs.ext4', ['-q', source]);
    const disk = await bench.disk({ size: SIZE, plain: true });
    const session = bench.session();
    const notesFor = async (path: string): Promise<Note[]> => {
      const { notes } = await session.engine.call('prepare', requestOf({ source, destinations: [path] }));
      await session.engine.call('cancel', {});
      return notes.filter(({ kind }) => kind === 'onePartition');
    };

    expect(await notesFor(disk.device)).toEqual([
      { kind: 'onePartition', path: source, fileSystem: 'ext4', paths: [disk.device], count: 1 },
    ]);
    expect(await notesFor(await bench.path('copy.img'))).toEqual([]);
  });

  it('is not what a disk image with a table is', async () => {
    const source = await image(gpt(512));
    const disk = await bench.disk({ size: SIZE, plain: true });

    const { notes } = await bench.session().engine.call('prepare', requestOf({ source, destinations: [disk.device] }));

    expect(notes.map(({ kind }) => kind)).not.toContain('onePartition');
  });
});
