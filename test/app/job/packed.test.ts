// Jobs whose source is a packed image, made by other people's tools.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../app/client/client.ts';
import type { JobResult } from '../../../app/contract/jobs.ts';
import type { LabDisk } from '../../lab/lab.ts';
import { HERE, isBlank, oldDisk as oldDiskOf, packedBy, SIZE, skip, type Tool } from './packed-files.ts';
import { interrupted, killedCopy, MiB, oneBench, refused, resultOf, resume, spoil } from './support.ts';

const bench = oneBench();
const packed = (tool: Tool, size = SIZE): ReturnType<typeof packedBy> => packedBy(bench, tool, size);
const oldDisk = (size = SIZE, seed = 1): Promise<LabDisk> => oldDiskOf(bench, size, seed);
const twoDisks = async (size = SIZE): Promise<LabDisk[]> => [await oldDisk(size), await oldDisk(size, 2)];
const isResult = (value: unknown): value is JobResult =>
  typeof value === 'object' && value !== null && 'destinations' in value;

describe.skipIf(skip !== null)(`a job with a packed source${skip === null ? '' : ` (${skip})`}`, () => {
  it.each(HERE)('copies the image in a file of %s to every disk, and verifies it', async (tool) => {
    const { image, file } = await packed(tool);
    const disks = await twoDisks();

    const result = await bench.session().run({ source: file, destinations: disks.map(({ device }) => device) });

    expect(result).toMatchObject({
      readErr: 0,
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true, written: SIZE },
        { state: 'done', verified: true, written: SIZE },
      ],
    });
    for (const { backing } of disks) execFileSync('cmp', [image, backing]);
  });

  it.each(HERE)('fails and leaves no bootable head after one wrong bit in a file of %s', async (tool) => {
    const { file } = await packed(tool);
    await spoil(file, Math.floor(readFileSync(file).length * 0.6));
    const [disk] = await twoDisks();
    const before = readFileSync(disk!.backing);

    const result = await bench
      .session()
      .run({ source: file, destinations: [disk!.device] })
      .catch((error: unknown) => error);

    if (result instanceof Refusal) {
      expect(result.errors.map(({ code }) => code)).toEqual(['BAD_IMAGE']);
      expect(readFileSync(disk!.backing).equals(before)).toBe(true);
      return;
    }
    if (!isResult(result)) throw result;
    expect(result.destinations).toMatchObject([{ state: 'failed', verified: null }]);
    expect(result.errors.map(({ code }) => code)).toContain('BAD_IMAGE');
    // If nothing could be unpacked, nothing was written.
    expect(isBlank(disk!) || readFileSync(disk!.backing).equals(before)).toBe(true);
  });

  it('fails with a blank head when something else follows the image in the file', async () => {
    const { file } = await packed('xz in blocks');
    await writeFile(file, Buffer.concat([readFileSync(file), Buffer.from('not part of it')]));
    const disks = await twoDisks();
    const session = bench.session();

    const outcome = await session
      .run({ source: file, destinations: disks.map(({ device }) => device) })
      .catch(() => null);

    for (const one of outcome?.destinations ?? []) expect(one.state).toBe('failed');
    if (outcome !== null) expect(disks.every(isBlank)).toBe(true);
  });

  it('gives a lagging disk a decoder of its own, so that the others finish first', async () => {
    const { image, file } = await packed('xz in blocks', 48 * MiB);
    const [quick, slow] = await twoDisks(48 * MiB);
    await slow!.rule('stall w 4M 1M');
    const session = bench.session();
    await session.begin({ source: file, destinations: [quick!.device, slow!.device], memory: 16 * MiB });

    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]?.state === 'done');
    await slow!.rule('go');

    expect(await resultOf(session)).toMatchObject({
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true },
      ],
    });
    for (const { backing } of [quick!, slow!]) execFileSync('cmp', [image, backing]);
  });

  it.each(['xz in blocks', 'zstd'] as const)('resumes from a file of %s where it was interrupted', async (tool) => {
    const { image, file } = await packed(tool);
    const disk = await oldDisk(SIZE);
    await disk.rule('stall w 8M 1M');
    await killedCopy(bench, disk, { source: file, destinations: [disk.device] }, 2);
    expect(isBlank(disk)).toBe(true);

    const session = bench.session();
    const [job] = await interrupted(session);
    const result = await resume(session, job!.id);

    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    execFileSync('cmp', [image, disk.backing]);
  });

  it('compares disks with the image in the file', async () => {
    const { image, file } = await packed('gzip');
    const [equal, other] = await twoDisks();
    for (const { backing } of [equal!, other!]) await writeFile(backing, readFileSync(image));
    await spoil(other!.backing, 5 * MiB + 3);

    const result = await bench
      .session()
      .run({ kind: 'verify', source: file, destinations: [equal!.device, other!.device] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }, { state: 'failed' }]);
    expect(result.destinations[1]!.errors).toMatchObject([{ code: 'VERIFY_MISMATCH' }]);
  });

  it.each([{ kind: 'verify' }, { kind: 'repair' }, { update: true }] as const)(
    'never judges or rewrites a good disk by a damaged file: %j',
    async (what) => {
      const { image, file } = await packed('xz in blocks');
      const disk = await oldDisk();
      await writeFile(disk.backing, readFileSync(image));
      await spoil(file, Math.floor(readFileSync(file).length * 0.6));

      const errors = await refused(bench.session().run({ source: file, destinations: [disk.device], ...what }));

      expect(errors).toMatchObject([{ code: 'BAD_IMAGE', device: file }]);
      execFileSync('cmp', [image, disk.backing]);
    },
  );

  it('refuses a disk that is too small for the image, and touches nothing', async () => {
    const { file } = await packed('zstd');
    const small = await oldDisk(SIZE - MiB);
    const before = readFileSync(small.backing);

    const errors = await refused(bench.session().run({ source: file, destinations: [small.device] }));

    expect(errors).toMatchObject([{ code: 'TOO_SMALL', device: small.device }]);
    expect(readFileSync(small.backing).equals(before)).toBe(true);
  });

  it('takes the one image of an archive, and asks for a name where there are several', async () => {
    const { image, file } = await packed('zip');
    const other = await bench.image('other.img', MiB);
    execFileSync('zip', ['-q', '-1', '-j', `${image}.zip`, image, other]);
    await rename(`${image}.zip`, file);
    const disk = await oldDisk(SIZE);

    const errors = await refused(bench.session().run({ source: file, destinations: [disk.device] }));
    expect(errors).toMatchObject([{ code: 'NOT_AN_IMAGE', reason: { kind: 'severalInArchive' } }]);

    const result = await bench.session().run({ source: file, destinations: [disk.device], entry: basename(image) });
    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    execFileSync('cmp', [image, disk.backing]);
  });

  it('takes an image whose name in the archive is not ASCII', async () => {
    const { image, file } = await packed('zip');
    const named = await bench.path('Größe.img');
    await rename(image, named);
    execFileSync('sh', ['-c', `rm ${file} && zip -q -1 -j ${file}.zip ${named} && mv ${file}.zip ${file}`]);
    const disk = await oldDisk();

    const result = await bench.session().run({ source: file, destinations: [disk.device] });

    expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    execFileSync('cmp', [named, disk.backing]);
  });

  it('refuses a packed file in which there is no disk image', async () => {
    const { image, file } = await packed('gzip');
    execFileSync('sh', ['-c', `tar -C ${dirname(image)} -cf - ${basename(image)} | gzip -1 > ${file}`]);
    const disk = await oldDisk(2 * SIZE);

    const errors = await refused(bench.session().run({ source: file, destinations: [disk.device] }));

    expect(errors).toMatchObject([{ code: 'NOT_AN_IMAGE', reason: { kind: 'noDiskImage' } }]);
  });

  it('says when the file has no checksum of what is in it', async () => {
    const { image, file } = await packed('xz');
    execFileSync('sh', ['-c', `xz -1 -T1 -C none -c ${image} > ${file}`]);
    const disk = await oldDisk();

    const result = await bench.session().run({ source: file, destinations: [disk.device] });

    expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
    expect(result.notes).toContainEqual({ kind: 'packedUnchecked', path: file });
  });

  it.each(['gzip', 'xz in blocks', 'zip'] as const)(
    'says when zeros follow the image in a file of %s',
    async (tool) => {
      const { image, file } = await packed(tool);
      await writeFile(file, Buffer.concat([readFileSync(file), Buffer.alloc(4096)]));
      const disk = await oldDisk();

      const result = await bench.session().run({ source: file, destinations: [disk.device] });

      expect(result.destinations).toMatchObject([{ state: 'done', verified: true }]);
      expect(result.notes).toContainEqual({ kind: 'zerosFollow', path: file, bytes: 4096 });
      execFileSync('cmp', [image, disk.backing]);
    },
  );

  it('copies the packed bytes themselves where that is asked for', async () => {
    const { file } = await packed('xz in blocks');
    const disk = await oldDisk(SIZE);

    await bench.session().run({ source: file, destinations: [disk.device], asIs: true });

    const { length } = readFileSync(file);
    execFileSync('cmp', ['-n', String(length), file, disk.backing]);
  });

  it('unpacks into an image file, which gets its name only when the whole file was right', async () => {
    const { image, file } = await packed('xz in blocks');
    const copy = await bench.path('copy.img');
    expect(await bench.session().run({ source: file, destinations: [copy] })).toMatchObject({
      destinations: [{ state: 'done', verified: true }],
    });
    execFileSync('cmp', [image, copy]);

    await spoil(file, Math.floor(readFileSync(file).length * 0.9));
    const other = await bench.path('other.img');
    const result = await bench.session().run({ source: file, destinations: [other] });
    expect(result.destinations).toMatchObject([{ state: 'failed' }]);
    expect(() => readFileSync(other)).toThrow('ENOENT');
  });

  describe('and a checksum', () => {
    const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

    it.each([
      ['the packed file', 'file'],
      ['the image in it', 'image'],
    ] as const)('is copied when the checksum is that of %s', async (_, which) => {
      const made = await packed('xz in blocks');
      const disk = await oldDisk();

      const result = await bench
        .session()
        .run({ source: made.file, destinations: [disk.device], checksum: `sha256:${sha256(made[which])}` });

      expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
      execFileSync('cmp', [made.image, disk.backing]);
    });

    it.each([MiB / 2, MiB, MiB + 512])('is found right for an image of %i bytes', async (size) => {
      const { image, file } = await packed('gzip', size);
      const copy = await bench.path('copy.img');

      const result = await bench
        .session()
        .run({ source: file, destinations: [copy], checksum: `sha256:${sha256(image)}` });

      expect(result).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    });

    it('fails every disk and leaves its head blank when the checksum differs', async () => {
      const { file } = await packed('xz in blocks');
      const disks = await twoDisks();

      const result = await bench.session().run({
        source: file,
        destinations: disks.map(({ device }) => device),
        checksum: `sha256:${'0'.repeat(64)}`,
      });

      expect(result.destinations.map(({ state, verified }) => [state, verified])).toEqual([
        ['failed', null],
        ['failed', null],
      ]);
      expect(result.errors).toMatchObject([{ code: 'BAD_IMAGE', reason: { kind: 'otherChecksumOfBoth' } }]);
      expect(disks.every(isBlank)).toBe(true);
    });

    it('leaves the head of a disk blank when the file was written to behind the checksum', async () => {
      const { file } = await packed('xz in blocks', 48 * MiB);
      const disk = await oldDisk(48 * MiB);
      await disk.rule('stall w 4M 1M');
      const session = bench.session();
      await session.begin({
        source: file,
        destinations: [disk.device],
        memory: 16 * MiB,
        checksum: `sha256:${sha256(file)}`,
      });
      await disk.waitFor(({ stalled }) => stalled > 0);

      // Written in place, because a reader of a file that is truncated first may report its missing end.
      await writeFile(file, readFileSync(file), { flag: 'r+' });
      await disk.rule('go');

      const result = await resultOf(session);
      expect(result).toMatchObject({ destinations: [{ state: 'failed', verified: null }] });
      expect(result.errors).toMatchObject([{ code: 'BAD_IMAGE', reason: { kind: 'changedWhileChecked' } }]);
      expect(isBlank(disk)).toBe(true);
    });

    it('is checked for an image that is not packed', async () => {
      const { image } = await packed('gzip');
      const [right, wrong] = await twoDisks();

      expect(
        await bench
          .session()
          .run({ source: image, destinations: [right!.device], checksum: `sha256:${sha256(image)}` }),
      ).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
      execFileSync('cmp', [image, right!.backing]);

      const result = await bench
        .session()
        .run({ source: image, destinations: [wrong!.device], checksum: `md5:${'0'.repeat(32)}` });
      expect(result).toMatchObject({ destinations: [{ state: 'failed' }], errors: [{ code: 'BAD_IMAGE' }] });
      expect(isBlank(wrong!)).toBe(true);
    });

    it('is refused for a disk as the source', async () => {
      const disks = await twoDisks();
      const run = bench.session().run({
        source: disks[0]!.device,
        destinations: [disks[1]!.device],
        checksum: `sha256:${'0'.repeat(64)}`,
      });
      expect(await refused(run)).toMatchObject([{ code: 'BAD_ARGUMENT', reason: { kind: 'checksumOfDisk' } }]);
    });
  });
});
