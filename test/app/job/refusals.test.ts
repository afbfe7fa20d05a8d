// What the host refuses on real devices, beyond the command line's tests.
import { execFileSync } from 'node:child_process';
import { link, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlatterError } from '../../../app/contract/errors.ts';
import { startEngine } from '../../../app/client/client.ts';
import { loadAddon, type NativeAddon } from '../../../app/engine/native/addon.ts';
import { prepare } from '../../../app/engine/admission/prepare.ts';
import { release } from '../../../app/engine/admission/prepared.ts';
import { assertOwnLoop, canLab, seededBytes } from '../../lab/lab.ts';
import { HOST, MiB, refused, requestOf, oneBench } from './support.ts';
import type { Facts } from '../../requests.ts';

const noLab = canLab();
const ADDON = HOST.replace(/engine\/host\.js$/, 'native/kcopyd.node');
const bench = oneBench();

const refusing = (request: Facts): Promise<PlatterError[]> =>
  refused(bench.session().engine.call('prepare', requestOf(request)));

/** Mounts a file system for images. Returns the folder. */
async function mounted(device: string | null, ...options: string[]): Promise<string> {
  const target = await bench.path('mounted');
  await mkdir(target);
  execFileSync('mount', [...options, ...(device === null ? ['tmpfs'] : [device]), target]);
  bench.finally(() => Promise.resolve(execFileSync('umount', [target])));
  return target;
}

describe.skipIf(noLab !== null)('refusals of an image as destination', () => {
  it('refuses an image that is a hard link to the source', async () => {
    const source = await bench.image('disk.img', MiB);
    const other = await bench.path('other.img');
    await link(source, other);
    expect(await refusing({ source, destinations: [other] })).toMatchObject([{ code: 'IS_SOURCE', device: other }]);
  });

  it('S17 refuses to repair an image with hard links, and leaves its other names alone', async () => {
    const source = await bench.image('disk.img', MiB);
    const [repaired, other] = [await bench.image('copy.img', MiB, 2), await bench.path('other.img')];
    await link(repaired, other);
    expect(await refusing({ kind: 'repair', source, destinations: [repaired] })).toMatchObject([
      { code: 'IN_USE', device: repaired, reason: { kind: 'hardLinks' } },
    ]);
    expect((await readFile(other)).equals(seededBytes(MiB, 2))).toBe(true);
  });

  it('refuses an image that a loop device lies on', async () => {
    const source = await bench.image('disk.img', MiB);
    const file = await bench.image('vm.img', MiB);
    const disk = await bench.disk({ file, plain: true });
    expect(await refusing({ source, destinations: [file] })).toMatchObject([
      { code: 'IN_USE', message: expect.stringContaining(disk.device) as string },
    ]);
    expect((await refusing({ source: disk.device, destinations: [file] })).map(({ code }) => code)).toContain(
      'IS_SOURCE',
    );
    expect(await refusing({ source: file, destinations: [disk.device] })).toMatchObject([
      { code: 'IS_SOURCE', device: disk.device },
    ]);
  });

  it('refuses an image behind a broken link, in a missing folder, or below a file', async () => {
    const source = await bench.image('disk.img', MiB);
    const dangling = await bench.path('dangling');
    await symlink('nowhere', dangling);
    const inFile = `${source}/copy.img`;
    const missing = await bench.path('no/copy.img');
    expect(await refusing({ source, destinations: [dangling, missing, inFile, `${dirname(missing)}/`] })).toMatchObject(
      [
        { code: 'NOT_FOUND', device: dangling, message: 'It is a link to a path that does not exist.' },
        { code: 'NOT_FOUND', device: missing, message: `The folder ${dirname(missing)} does not exist.` },
        { code: 'NOT_FOUND', device: inFile },
        { code: 'NOT_FOUND', message: 'There is no such folder.' },
      ],
    );
  });

  it('refuses an image that does not fit, and says by how many bytes', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const target = await mounted(null, '-t', 'tmpfs', '-o', 'size=1M');
    expect(await refusing({ source, destinations: [`${target}/copy.img`] })).toMatchObject([
      { code: 'NO_SPACE', message: 'Its file system needs 1,048,576 bytes more free space.' },
    ]);
    // What an interrupted job left counts as free room, because it is removed first.
    await writeFile(`${target}/copy.img.part`, seededBytes(MiB / 2, 1));
    expect(await refusing({ source, destinations: [`${target}/copy.img`] })).toMatchObject([
      { message: 'Its file system needs 1,048,576 bytes more free space.' },
    ]);
  });

  it('refuses an image on a read-only file system', async () => {
    const source = await bench.image('disk.img', MiB);
    const target = await mounted(null, '-t', 'tmpfs', '-o', 'ro');
    expect(await refusing({ source, destinations: [`${target}/copy.img`] })).toMatchObject([{ code: 'READ_ONLY' }]);
  });
});

describe.skipIf(noLab !== null)('refusals of a disk as destination', () => {
  it('refuses the disk that holds the file system of the source', async () => {
    const disk = await bench.disk({ size: 16 * MiB, plain: true });
    assertOwnLoop(disk.device);
    execFileSync('mkfs.ext4', ['-q', disk.device]);
    const source = `${await mounted(disk.device)}/disk.img`;
    await writeFile(source, seededBytes(MiB, 1));
    expect((await refusing({ source, destinations: [disk.device] })).map(({ code }) => code)).toEqual([
      'MOUNTED',
      'IS_SOURCE',
    ]);
    // A mounted source is allowed, with a note.
    const plan = await bench
      .session()
      .engine.call('prepare', requestOf({ source: disk.device, destinations: [await bench.path('copy.img')] }));
    expect(plan.notes).toMatchObject([{ kind: 'mountedSource' }]);
  });

  it('refuses a disk that has nothing behind it any more', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: 2 * MiB });
    // Keep the device attached: once detached, its number could go to another disk.
    await disk.rule('resize 0');
    execFileSync('losetup', ['--set-capacity', disk.device]);
    expect(await refusing({ source, destinations: [disk.device] })).toMatchObject([
      { code: 'DEVICE_GONE', device: disk.device },
    ]);
    expect(await refusing({ source: disk.device, destinations: [await bench.path('copy.img')] })).toMatchObject([
      { code: 'SOURCE_EMPTY', device: disk.device },
    ]);
  });

  it('refuses a disk that changes between inspection and opening', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await bench.disk({ size: 2 * MiB });
    const addon = loadAddon(ADDON);
    // Simulated, because no real device shrinks at the right moment: just before it is opened.
    const late: NativeAddon = {
      ...addon,
      async openDevice(path, options) {
        const device = await addon.openDevice(path, options);
        if (path !== disk.device) return device;
        return {
          info: () => ({ ...device.info(), size: MiB }),
          sizeNow: () => device.sizeNow(),
          cloneFrom: (other) => device.cloneFrom(other),
          peek: (offset, length) => device.peek(offset, length),
          rereadPartitions: () => device.rereadPartitions(),
          resetZones: () => Promise.resolve(false),
          split: (...how) => device.split(...how),
          unpack: (...how) => device.unpack(...how),
          provide: (...what) => device.provide(...what),
          pack: (...how) => device.pack(...how),
          frames: () => device.frames(),
          frameFiles: () => device.frameFiles(),
          finishFrames: (...what) => device.finishFrames(...what),
          unclaim: () => device.unclaim(),
          close: () => device.close(),
        };
      },
      createClient: (options) => addon.createClient(options),
    };
    const request = requestOf({ source, destinations: [disk.device] });
    expect(await refused(prepare(request, { load: () => late }))).toMatchObject([
      { code: 'CHANGED', device: disk.device },
    ]);
    await release(await prepare(request, { load: () => addon })); // and nothing was left open
  });
});

it.skipIf(noLab !== null).each(['map', 'manifest'])(
  'refuses a destination when unmounting it would take away the %s of the job',
  async (what) => {
    const [source, disk] = [await bench.image('disk.img', MiB), await bench.disk({ size: 16 * MiB, plain: true })];
    execFileSync('mkfs.ext4', ['-q', disk.device]);
    const target = await mounted(disk.device);
    const inner = join(target, 'inner');
    await mkdir(inner);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', inner]);
    bench.finally(() => Promise.resolve(execFileSync('umount', [inner])));
    const file = join(inner, what);
    const request = { source, destinations: [disk.device], unmount: true };
    const errors = await refusing({
      ...request,
      ...(what === 'map' ? { rescue: { retries: 0, map: file } } : { saveManifest: file }),
    });
    expect(errors).toMatchObject([
      { code: 'MOUNTED', device: disk.device, reason: { kind: 'takesAway', file, where: 'in', at: inner } },
    ]);
    expect(await refusing(request)).toMatchObject([{ reason: { kind: 'mountedOver' } }]);
  },
);

describe.skipIf(noLab !== null)('refusals for an ordinary user', () => {
  it('refuses an ordinary user for lack of rights, not for another reason', async () => {
    const disk = await bench.disk({ size: 2 * MiB });
    const engine = startEngine({
      command: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, HOST],
    });
    bench.finally(() => engine.close());
    const refusing = (destination: string, source = '/etc/passwd'): Promise<PlatterError[]> =>
      refused(engine.call('prepare', requestOf({ source, destinations: [destination], asIs: true })));
    expect(await refusing(disk.device)).toMatchObject([
      { code: 'NOT_PERMITTED', op: 'open', errno: 'EACCES', device: disk.device },
    ]);
    expect(await refusing('/tmp/copy.img', disk.device)).toMatchObject([
      { code: 'NOT_PERMITTED', op: 'open', errno: 'EACCES', device: disk.device },
    ]);
    expect(await refusing('/etc/copy.img')).toMatchObject([
      { code: 'NOT_PERMITTED', message: 'The folder /etc cannot be written to.' },
    ]);
  });
});

it.skipIf(noLab !== null)(
  "F31 tells root that a file lies on another user's FUSE file system, and to run Platter as that user",
  async () => {
    const [source, folder] = [await bench.image('disk.img', MiB), await bench.path('fuse')];
    await mkdir(folder);
    const connection = await open('/dev/fuse', 'r+');
    bench.finally(() => connection.close());
    // No FUSE program answers here. The kernel refuses root before it asks one.
    execFileSync(
      'mount',
      ['-i', '-t', 'fuse.platter', '-o', 'fd=3,rootmode=40000,user_id=65533,group_id=65533', 'platter', folder],
      { stdio: ['ignore', 'ignore', 'inherit', connection.fd] },
    );
    bench.finally(() => Promise.resolve(execFileSync('umount', [folder])));
    const path = join(folder, 'other.img');
    const told = {
      code: 'NOT_PERMITTED',
      errno: 'EACCES',
      device: path,
      reason: { kind: 'fuseOfUser', target: folder },
      advice: 'Run Platter as the user who mounted it, without sudo, or mount it with the option allow_other.',
    };
    expect(await refusing({ source: path, destinations: [await bench.path('copy.img')] })).toMatchObject([told]);
    expect(await refusing({ source, destinations: [path] })).toMatchObject([told]);
  },
);

it('reports all reasons of the source together with those of every destination', async () => {
  const errors = await refusing({ source: '/nowhere.img', destinations: ['/dev/null', '/proc', '/dev/no-such-disk'] });
  expect(errors.map(({ device, code }) => [device, code])).toEqual([
    ['/nowhere.img', 'NOT_FOUND'],
    ['/dev/null', 'NOT_BLOCK_OR_FILE'],
    ['/proc', 'NOT_BLOCK_OR_FILE'],
    ['/dev/no-such-disk', 'NOT_FOUND'],
  ]);
});

it('refuses a manifest or a map that is another file of the job, by whatever name', async () => {
  const [source, copy, folder] = [
    await bench.image('disk.img', MiB),
    await bench.path('copy.img'),
    await bench.path('folder'),
  ];
  await symlink('.', folder);
  const again = (path: string): string => path.replace(/[^/]*$/, './folder/$&');
  const rescue = (map: string): Facts => ({ source, destinations: [copy], rescue: { retries: 0, map } });
  for (const map of [again(copy), again(`${copy}.part`)])
    expect(await refusing(rescue(map))).toMatchObject([{ code: 'BAD_ARGUMENT', device: map }]);
  expect(await refusing({ source, destinations: [copy], saveManifest: again(copy) })).toMatchObject([
    { code: 'BAD_ARGUMENT', device: again(copy) },
  ]);
  expect(
    await refusing({ ...rescue(await bench.path('same')), saveManifest: again(await bench.path('same')) }),
  ).toMatchObject([{ code: 'BAD_ARGUMENT', device: again(await bench.path('same')) }]);
});

it.each(['manifest', 'map'])('refuses a %s that could not be written in the end', async (what) => {
  const [source, copy, link] = [
    await bench.image('disk.img', MiB),
    await bench.path('copy.img'),
    await bench.path('link'),
  ];
  await writeFile(await bench.path('behind'), `0 ? 1\n0 ${MiB} ?\n`);
  await symlink('behind', link);
  const asked = (path: string): Facts => ({
    source,
    destinations: [copy],
    ...(what === 'map' ? { rescue: { retries: 0, map: path } } : { saveManifest: path }),
  });
  const missing = await bench.path('no/file');
  expect(await refusing(asked(missing))).toMatchObject([
    { code: 'NOT_FOUND', device: missing, message: `The folder ${dirname(missing)} does not exist.` },
  ]);
  expect(await refusing(asked('/dev/no-such-disk'))).toMatchObject([
    { code: 'NOT_BLOCK_OR_FILE', device: '/dev/no-such-disk' },
  ]);
  expect(await refusing(asked(link))).toMatchObject([
    { code: 'NOT_BLOCK_OR_FILE', device: link, message: 'It is a link; a regular file is needed here.' },
  ]);
});

it('says that the engine cannot be loaded', async () => {
  const copy = await bench.path('host.mjs');
  execFileSync('cp', [HOST, copy]);
  const engine = startEngine({ command: [process.execPath, copy] });
  bench.finally(() => engine.close());
  const request = requestOf({
    source: await bench.image('disk.img', 512),
    destinations: [await bench.path('copy.img')],
  });
  expect(await refused(engine.call('prepare', request))).toMatchObject([
    { code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('could not be loaded') as string },
  ]);
  expect(await engine.call('list', { all: false })).toBeInstanceOf(Array);
});

/** Expects that neither an image nor a manifest is taken at `path`, which leads below /dev. */
async function expectDeviceFolder(path: string): Promise<void> {
  const source = await bench.image('disk.img', MiB);
  expect(await refusing({ source, destinations: [path] })).toMatchObject([
    { code: 'NOT_FOUND', device: path, reason: { kind: 'noDevice' } },
  ]);
  expect(await refusing({ source, destinations: [await bench.path('copy.img')], saveManifest: path })).toMatchObject([
    { code: 'NOT_BLOCK_OR_FILE', device: path, reason: { kind: 'deviceFolder' } },
  ]);
}

// pts is a file system of its own, so only the path behind the link tells that it is below /dev.
it.each([
  '//dev/platter-nothing',
  '/proc/self/root/dev/platter-nothing',
  'LINK/platter-nothing',
  'LINK/pts/platter-nothing',
])('S20 refuses an image at %s, which is in the folder of devices', async (name) => {
  const link = await bench.path('devices');
  await symlink('/dev', link);
  await expectDeviceFolder(name.replace('LINK', link));
});

it.skipIf(noLab !== null)('S20 refuses an image in a second mount of /dev', async () => {
  await expectDeviceFolder(join(await mounted('/dev', '--bind'), 'platter-nothing'));
});
