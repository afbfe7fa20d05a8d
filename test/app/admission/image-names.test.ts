// An image gets its name only if it is the file that was written, and only in place of the file that the review named.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobResult } from '../../../app/contract/jobs.ts';
import { chunkRanges, chunksOf, hasChunk, HASH_BYTES } from '../../../app/engine/formats/chunks.ts';
import { createPart, renameToFinalName } from '../../../app/engine/admission/images.ts';
import { jobPath, JobLogWriter, readJobLog, removeJob, type LoggedEnd } from '../../../app/engine/formats/job-log.ts';
import { begin } from '../../../app/engine/job/begin.ts';
import { statsId } from '../../../app/engine/devices/file-ids.ts';
import { loadAddon, type NativeAddon } from '../../../app/engine/native/addon.ts';
import { prepare } from '../../../app/engine/admission/prepare.ts';
import { release, type Held } from '../../../app/engine/admission/prepared.ts';
import { canLab, labdisk, seededBytes } from '../../lab/lab.ts';
import {
  interrupted,
  MiB,
  refused,
  requestOf,
  resume,
  resultOf,
  untilDurable,
  oneBench,
  type Session,
} from '../job/support.ts';
import type { Facts } from '../../requests.ts';

const cannot = canLab();
const SIZE = 8 * MiB;
const PRECIOUS = 'precious';
const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));

const bench = oneBench();
let session: Session;
beforeEach(() => {
  session = bench.session();
});

/** Rewrites the log of a job as an earlier version did, without times of birth. */
async function forgetBirths(state: string, id: string): Promise<void> {
  const { header, durable, known, hashes } = await readJobLog(jobPath(state, id));
  await removeJob(state, id);
  const destinations = header.destinations.map(({ born: _, ...end }) => end as LoggedEnd);
  const writer = await JobLogWriter.create(state, { ...header, destinations }, id);
  for (const { first, count } of chunkRanges(durable[0]!, chunksOf(header.bytes, header.chunkSize))) {
    const made = Uint8Array.from({ length: count }, (__, index) => (hasChunk(known, first + index) ? 1 : 0));
    await writer.durable(0, first, count, {
      known: made,
      hashes: hashes.slice(first * HASH_BYTES, (first + count) * HASH_BYTES),
    });
  }
  await writer.abandon();
}

/** Copies to `copy`, runs `meddle` during the copy, and returns the result. */
async function meddling(copy: string, meddle: () => Promise<unknown>, more: Facts = {}): Promise<JobResult> {
  const source = await bench.image('disk.img', SIZE);
  await session.begin({ source, destinations: [copy], throttle: MiB, ...more });
  await session.until((event) => event.event === 'progress' && event.progress.bytes > 0);
  await meddle();
  await session.engine.call('throttle', { destination: null, bytesPerSecond: null });
  return resultOf(session);
}

describe('an image whose name was free at the review', () => {
  it('S7 F1 leaves alone a file that takes the name of a new image during the copy', async () => {
    const copy = await bench.path('copy.img');
    const result = await meddling(copy, () => writeFile(copy, PRECIOUS));
    expect(readFileSync(copy, 'utf8')).toBe(PRECIOUS);
    expect(readFileSync(`${copy}.part`).equals(seededBytes(SIZE, 1))).toBe(true);
    expect(result).toMatchObject({
      writeErr: 1,
      destinations: [{ state: 'failed', errors: [{ code: 'CHANGED', op: 'rename' }] }],
    });
    expect(result.destinations[0]!.errors[0]!.message).toBe(
      'The image is complete but could not be given its name: ' +
        `Another file took this name while the job ran. It is kept as ${copy}.part.`,
    );
  });

  it('S7 leaves alone a file that takes the name of an image under update', async () => {
    const copy = await bench.image('copy.img', SIZE, 2);
    const result = await meddling(copy, () => writeFile(copy, PRECIOUS), { update: true });
    expect([readFileSync(copy, 'utf8'), result.destinations[0]!.state]).toEqual([PRECIOUS, 'failed']);
  });
});

describe('an image whose name a file had at the review', () => {
  it('S7 leaves alone another file in the place of the reviewed one', async () => {
    const copy = await bench.image('copy.img', 1000, 7);
    const other = await bench.path('other');
    const result = await meddling(copy, async () => {
      await writeFile(other, PRECIOUS);
      await rename(other, copy);
    });
    expect([readFileSync(copy, 'utf8'), existsSync(`${copy}.part`), result.destinations[0]!.state]).toEqual([
      PRECIOUS,
      true,
      'failed',
    ]);
  });

  it('S7 leaves alone the reviewed file when it was written to since', async () => {
    const copy = await bench.image('copy.img', 1000, 7);
    const result = await meddling(copy, () => writeFile(copy, PRECIOUS));
    expect([readFileSync(copy, 'utf8'), result.destinations[0]!.state]).toEqual([PRECIOUS, 'failed']);
  });

  it('S7 replaces the reviewed file, and nothing of it stays behind', async () => {
    const copy = await bench.image('copy.img', 1000, 7);
    const result = await meddling(copy, () => Promise.resolve());
    expect(result).toMatchObject({ writeErr: 0, destinations: [{ state: 'done', verified: true }] });
    expect([readFileSync(copy).equals(seededBytes(SIZE, 1)), existsSync(`${copy}.part`)]).toEqual([true, false]);
  });

  it('S7 gives the image its name when the reviewed file was removed during the copy', async () => {
    const copy = await bench.image('copy.img', 1000, 7);
    expect(await meddling(copy, () => unlink(copy))).toMatchObject({
      destinations: [{ state: 'done', verified: true }],
    });
    expect(readFileSync(copy).equals(seededBytes(SIZE, 1))).toBe(true);
  });

  it('S7 gives a nameless image its name when it is reviewed again and resumed', async () => {
    const copy = await bench.path('copy.img');
    await meddling(copy, () => writeFile(copy, PRECIOUS));
    const [job] = await interrupted(session);
    const again = bench.session();
    expect(await resume(again, job!.id)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    expect(readFileSync(copy).equals(seededBytes(SIZE, 1))).toBe(true);
  });
});

describe('an incomplete image', () => {
  it.each([
    ['a new image', false],
    ['an image in the place of another', true],
  ])('S6 does not give %s its name when NAME.part is another file', async (_, replaces) => {
    const copy = replaces ? await bench.image('copy.img', 1000, 7) : await bench.path('copy.img');
    const result = await meddling(copy, async () => {
      await rename(`${copy}.part`, await bench.path('moved'));
      await writeFile(`${copy}.part`, PRECIOUS);
    });
    expect(result).toMatchObject({
      writeErr: 1,
      destinations: [{ state: 'failed', verified: null, errors: [{ code: 'CHANGED', op: 'rename' }] }],
    });
    expect(readFileSync(`${copy}.part`, 'utf8')).toBe(PRECIOUS);
    if (replaces) expect(readFileSync(copy).equals(seededBytes(1000, 7))).toBe(true);
    else expect(existsSync(copy)).toBe(false);
    expect(result.destinations[0]!.errors[0]!.message).toBe(
      `${copy}.part was replaced by another file while the job ran, so the image has no name.`,
    );
  });

  it('S6 says that NAME.part was removed, and does not claim that it was kept', async () => {
    const copy = await bench.path('copy.img');
    const result = await meddling(copy, () => rm(`${copy}.part`));
    expect(result).toMatchObject({
      destinations: [{ state: 'failed', errors: [{ code: 'NOT_FOUND', op: 'rename', advice: 'Start a new copy.' }] }],
    });
    expect(result.destinations[0]!.errors[0]!.message).toBe(
      `${copy}.part was removed while the job ran, so the image is lost.`,
    );
  });

  it('S6 F2 takes the name back from a file that replaces NAME.part between check and rename', async () => {
    const [part, name] = [await bench.path('copy.img.part'), await bench.path('copy.img')];
    const device = await createPart(
      addon,
      { image: { part, partId: null, partBorn: null }, lasting: true },
      { mode: 0o600, owner: null },
    );
    let raced = false;
    const racing: NativeAddon = {
      ...addon,
      renameFile(from, to, how) {
        if (!raced) execFileSync('sh', ['-c', 'mv "$1" "$1.moved" && printf precious > "$1"', 'sh', part]);
        raced = true;
        addon.renameFile(from, to, how);
      },
    };
    const held = { end: { path: name }, device, naming: { part, name, replaces: null } } as Held;
    expect(renameToFinalName(racing, held)).toMatchObject({ reason: { kind: 'imageLost', how: 'replaced' } });
    device.close();
    expect([existsSync(name), readFileSync(part, 'utf8')]).toEqual([false, PRECIOUS]);
  });

  it.each([
    ['a file system without flags for rename', ['EINVAL', 'EINVAL']],
    ['a kernel without renameat2', ['ENOSYS', 'ENOSYS']],
  ])('S7 leaves a taken name alone on %s', async (_, [errno]) => {
    const [part, name] = [await bench.path('copy.img.part'), await bench.path('copy.img')];
    const plain: NativeAddon = {
      ...addon,
      renameFile: () => {
        throw Object.assign(new Error('no such rename'), { code: errno });
      },
    };
    const device = await createPart(
      addon,
      { image: { part, partId: null, partBorn: null }, lasting: true },
      { mode: 0o600, owner: null },
    );
    const held = { end: { path: name }, device, naming: { part, name, replaces: null } } as Held;
    await writeFile(name, PRECIOUS);
    expect(renameToFinalName(plain, held)).toMatchObject({
      reason: { kind: 'notNamed', reason: { kind: 'nameTaken' } },
    });
    expect(readFileSync(name, 'utf8')).toBe(PRECIOUS);
    await unlink(name);
    expect([renameToFinalName(plain, held), existsSync(part), existsSync(name)]).toEqual([null, false, true]);
    device.close();
  });
});

describe('files of others', () => {
  it('refuses an image when a NAME.part is there that no job of this user left', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), await bench.path('copy.img')];
    await writeFile(`${copy}.part`, PRECIOUS);
    const session = bench.session();
    expect(await refused(session.engine.call('prepare', requestOf({ source, destinations: [copy] })))).toMatchObject([
      {
        code: 'IN_USE',
        device: copy,
        message:
          `${copy}.part, which would be written first, already exists and is not from any of your ` +
          'interrupted jobs.',
      },
    ]);
    expect(readFileSync(`${copy}.part`, 'utf8')).toBe(PRECIOUS);
  });

  it('leaves alone a NAME.part that appears after the review', async () => {
    const [source, copy] = [await bench.image('disk.img', MiB), await bench.path('copy.img')];
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ source, destinations: [copy] }));
    await writeFile(`${copy}.part`, PRECIOUS);
    expect(await refused(session.engine.call('start', {}))).toMatchObject([
      { code: 'CHANGED', device: copy, reason: { kind: 'partOfOthers' } },
    ]);
    expect(readFileSync(`${copy}.part`, 'utf8')).toBe(PRECIOUS);
  });

  describe.skipIf(cannot !== null)(
    `a file with the inode of a removed NAME.part${cannot === null ? '' : ` (${cannot})`}`,
    () => {
      /** Kills a copy to a new image, and replaces its partial file by a stranger's file with the same inode. */
      async function replaced(
        throttle: number,
        durable: boolean,
      ): Promise<{ source: string; copy: string; job: string }> {
        const disk = await bench.disk({ size: 64 * MiB, mkfs: 'ext4' });
        const [source, copy] = [await bench.image('disk.img', SIZE), join(disk.tree, 'copy.img')];
        const killed = bench.session();
        const { job } = await killed.begin({ source, destinations: [copy], throttle });
        if (durable) await untilDurable(bench.log(job));
        else await killed.until(({ event }) => event === 'progress');
        await killed.kill();
        const { ino } = statSync(`${copy}.part`);
        // The killed host's I/O in flight still holds the file for a moment.
        do {
          await sleep(50);
          await rm(`${copy}.part`);
          await writeFile(`${copy}.part`, PRECIOUS);
        } while (statSync(`${copy}.part`).ino !== ino);
        return { source, copy, job };
      }

      it("S7 leaves alone a stranger's file with the inode of NAME.part when a new copy begins", async () => {
        const { source, copy } = await replaced(2 * MiB, true);
        expect(
          await refused(session.engine.call('prepare', requestOf({ source, destinations: [copy] }))),
        ).toMatchObject([{ code: 'IN_USE', device: copy, reason: { kind: 'partOfOthers' } }]);
        expect(readFileSync(`${copy}.part`, 'utf8')).toBe(PRECIOUS);
      });

      it('S7 leaves alone a file with the inode of NAME.part that appears after the review', async () => {
        const disk = await bench.disk({ size: 64 * MiB, mkfs: 'ext4' });
        const part = join(disk.tree, 'copy.img.part');
        await writeFile(part, 'left');
        const seen = statSync(part, { bigint: true });
        const place = { part, partId: statsId(seen), partBorn: String(seen.birthtimeNs) };
        await rm(part);
        await writeFile(part, PRECIOUS);
        expect(statSync(part).ino).toBe(Number(seen.ino));
        await expect(
          createPart(addon, { image: place, lasting: true }, { mode: 0o600, owner: null }),
        ).rejects.toThrow();
        expect(readFileSync(part, 'utf8')).toBe(PRECIOUS);
      });

      it("S7 refuses a resume with nothing to compare when a stranger's file has the inode of NAME.part", async () => {
        const { copy, job } = await replaced(1024, false);
        expect(
          await refused(
            session.engine.call('prepare', requestOf({ kind: 'resume', source: null, destinations: [], job })),
          ),
        ).toMatchObject([{ code: 'CHANGED', reason: { kind: 'partReplaced' } }]);
        expect(readFileSync(`${copy}.part`, 'utf8')).toBe(PRECIOUS);
      });
    },
  );

  it('says of what an interrupted job left that it could not be continued', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [copy, other] = [await bench.path('copy.img.xz'), await bench.path('other.img')];
    const killed = bench.session();
    const { job } = await killed.begin({ source, destinations: [copy, other], throttle: 2 * MiB });
    await untilDurable(bench.log(job));
    await killed.kill();

    const { notes } = await session.engine.call('prepare', requestOf({ source, destinations: [copy] }));

    expect(notes).toContainEqual(expect.objectContaining({ kind: 'partOfWholeJob', part: `${copy}.part` }));
  });

  it('removes what an interrupted job left once the review named it, and offers no resume of it then', async () => {
    const source = await bench.image('disk.img', SIZE);
    const [copy, other] = [await bench.path('copy.img'), await bench.path('other.img')];
    const killed = bench.session();
    const { job } = await killed.begin({ source, destinations: [copy, other], throttle: 2 * MiB });
    await untilDurable(bench.log(job));
    await killed.kill();
    const again = async (name: string): Promise<void> => {
      const { notes } = await session.engine.call('prepare', requestOf({ source, destinations: [name] }));
      expect(notes).toContainEqual({
        kind: 'partOfJob',
        path: name,
        part: `${name}.part`,
        began: expect.any(Number) as number,
      });
      await session.engine.call('cancel', {});
      expect(existsSync(`${name}.part`)).toBe(true);
      expect(await session.run({ source, destinations: [name] })).toMatchObject({
        destinations: [{ state: 'done', verified: true }],
      });
    };
    await again(copy);
    expect(await interrupted(session)).toMatchObject([{ id: job, destinations: [{ path: other }] }]);
    await again(other);
    expect(await interrupted(session)).toEqual([]);
  });

  it('does not remove the NAME.part of a log without times of birth, and resumes it by its content', async () => {
    const [source, copy] = [await bench.image('disk.img', SIZE), await bench.path('copy.img')];
    const killed = bench.session();
    const { job } = await killed.begin({ source, destinations: [copy], throttle: 2 * MiB });
    await untilDurable(bench.log(job));
    await killed.kill();
    await forgetBirths(bench.state, job);
    expect(await refused(session.engine.call('prepare', requestOf({ source, destinations: [copy] })))).toMatchObject([
      { code: 'IN_USE', reason: { kind: 'partOfOthers' } },
    ]);
    expect(await resume(session, job)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    expect(readFileSync(copy).equals(seededBytes(SIZE, 1))).toBe(true);
  });

  it('S9 does not cut the target of a link that replaces NAME.part during an update', async () => {
    vi.stubEnv('PLATTER_STATE', bench.state);
    const [source, copy, victim] = [
      await bench.image('disk.img', MiB),
      await bench.image('copy.img', 2 * MiB, 2),
      await bench.image('victim', 4 * MiB, 5),
    ];
    const prepared = await prepare(requestOf({ source, destinations: [copy], update: true }), {
      load: () => ({
        ...addon,
        resizeFile(device, bytes) {
          execFileSync('sh', ['-c', 'mv "$1" "$1.moved" && ln -s "$2" "$1"', 'sh', `${copy}.part`, victim]);
          addon.resizeFile(device, bytes);
        },
      }),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        begin(prepared, ({ event }) => {
          if (event === 'result') resolve();
        }).then((job) => job.ended, reject);
      });
    } finally {
      await release(prepared);
      vi.unstubAllEnvs();
    }
    expect(statSync(victim).size).toBe(4 * MiB);
  });

  it('S9 does not make an image in a folder that a link has replaced since the review', async () => {
    const [folder, elsewhere] = [await bench.path('folder'), await bench.path('elsewhere')];
    await mkdir(folder);
    await mkdir(elsewhere);
    await session.engine.call(
      'prepare',
      requestOf({ source: await bench.image('disk.img', MiB), destinations: [join(folder, 'copy.img')] }),
    );
    await rename(folder, `${folder}.moved`);
    await symlink(elsewhere, folder);
    await expect(session.engine.call('start', {})).rejects.toMatchObject({
      errors: [{ code: 'CHANGED', reason: { kind: 'folderMoved', directory: folder } }],
    });
    expect(existsSync(join(elsewhere, 'copy.img.part'))).toBe(false);
  });
});

describe('permissions of an image', () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o7777;

  it("S13 gives a new image the mode of the user's umask", async () => {
    const copy = await bench.path('copy.img');
    const umask = process.umask(0o027);
    const strict = bench.session();
    process.umask(umask);
    await strict.run({ source: await bench.image('disk.img', MiB), destinations: [copy] });
    expect(modeOf(copy)).toBe(0o640);
  });

  it.each([0o600, 0o640, 0o604])('S13 gives an image the mode %o of the file that it replaces', async (mode) => {
    const copy = await bench.image('copy.img', 1000, 7);
    await chmod(copy, mode);
    await session.run({ source: await bench.image('disk.img', MiB), destinations: [copy] });
    expect(modeOf(copy)).toBe(mode);
  });

  it.skipIf(process.getuid?.() !== 0)('S13 gives an image the owner of the file that it replaces', async () => {
    const copy = await bench.image('copy.img', 1000, 7);
    await chown(copy, 54777, 54778);
    await session.run({ source: await bench.image('disk.img', MiB), destinations: [copy] });
    expect(statSync(copy)).toMatchObject({ uid: 54777, gid: 54778 });
  });

  it.skipIf(cannot !== null)('S13 gives a new image of a private disk to its owner alone', async () => {
    const disk = await labdisk({ size: MiB });
    bench.finally(() => disk.close());
    const [copy, open] = [await bench.path('copy.img'), await bench.path('open.img')];
    await chmod(disk.device, 0o660);
    const umask = process.umask(0o022);
    const host = bench.session();
    process.umask(umask);
    await host.run({ source: disk.device, destinations: [copy] });
    await chmod(disk.device, 0o664);
    await host.run({ source: disk.device, destinations: [open] });
    await chmod(disk.device, 0o660);
    expect([modeOf(copy), modeOf(open) & 0o004]).toEqual([0o600, 0o004]);
  });
});
