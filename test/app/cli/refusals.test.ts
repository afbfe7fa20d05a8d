// What `platter copy` refuses before anything is written: exit code 2, the reason named, every byte as it was.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { assertOwnLoop, canLab, removePartition, seededBytes, type LabDisk } from '../../lab/lab.ts';
import { expectRefusal } from './shapes.ts';
import { Bench, digest, MiB, platter, start, type Run } from './support.ts';

const execute = promisify(execFile);
const DISK = 16 * MiB;

const bench = new Bench();
afterEach(() => bench.clear());

/** A disk with content that must still be there afterwards. */
async function precious(options: { size?: number; readOnly?: boolean } = {}): Promise<LabDisk> {
  const size = options.size ?? DISK;
  const file = await bench.image(`precious-${Math.random()}.img`, size, 99);
  return bench.disk({ size, file, plain: true, ...options });
}

async function mounted(device: string): Promise<void> {
  assertOwnLoop(device);
  await execute('mkfs.ext4', ['-q', device]);
  const at = await mkdtemp(join(tmpdir(), 'platter-mount-'));
  await execute('mount', ['-o', 'ro', device, at]);
  bench.finally(async () => {
    await execute('umount', [at]);
    await rm(at, { recursive: true });
  });
}

/** Runs a copy that must be refused for `code`, and checks that `untouched` is what it was. */
async function refusal(args: string[], code: string, untouched: readonly string[] = [], cwd?: string): Promise<Run> {
  const before = await Promise.all(untouched.map((path) => digest(path)));
  const run = await platter(['copy', ...args, '--yes', '--json'], { cwd });
  expect(expectRefusal(run).map((error) => error.code)).toContain(code);
  expect(await Promise.all(untouched.map((path) => digest(path)))).toEqual(before);
  return run;
}

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('the source', () => {
  test('refuses a missing source', async () => {
    const disk = await precious();
    await refusal([join(await bench.directory(), 'no.img'), disk.device], 'NOT_FOUND', [disk.backing]);
  });

  test('refuses a source by name when its path is too long for the system', async () => {
    const [disk, path] = [await precious(), `/${'a'.repeat(5000)}`];
    const run = await refusal([path, disk.device], 'BAD_ARGUMENT', [disk.backing]);
    expect(expectRefusal(run)).toMatchObject([{ path, message: 'The name is too long.' }]);
  });

  test('refuses an empty source', async () => {
    const disk = await precious();
    await refusal([await bench.image('empty.img', 0), disk.device], 'SOURCE_EMPTY', [disk.backing]);
  });

  test('refuses a directory as source', async () => {
    const disk = await precious();
    await refusal([await bench.directory(), disk.device], 'NOT_BLOCK_OR_FILE', [disk.backing]);
  });

  test('refuses a FIFO as source, without waiting for a writer', async () => {
    const disk = await precious();
    const fifo = join(await bench.directory(), 'fifo');
    await execute('mkfifo', [fifo]);
    await refusal([fifo, disk.device], 'NOT_BLOCK_OR_FILE', [disk.backing]);
  });

  test('refuses a source whose first sector cannot be read, though it is in the cache', async () => {
    const [bad, disk] = [await bench.disk({ size: 4 * MiB }), await precious()];
    await execute('head', ['-c', '4096', bad.device]);
    await bad.rule('eio r 0 end EIO');
    await refusal([bad.device, disk.device], 'SOURCE_UNREADABLE', [disk.backing]);
  });
});

describe.skipIf(noLab !== null)('a destination', () => {
  const source = (): Promise<string> => bench.image('disk.img', 4 * MiB);

  test('refuses a mounted destination', async () => {
    const disk = await precious();
    await mounted(disk.device);
    const run = await refusal([await source(), disk.device], 'MOUNTED', [disk.backing]);
    expect(run.stdout).toContain('platter-mount-');
  });

  test('unmounts a mounted destination with --unmount, and writes it whole', async () => {
    const disk = await precious();
    const at = await mkdtemp(join(tmpdir(), 'platter-mount-'));
    bench.finally(() => rm(at, { recursive: true }));
    assertOwnLoop(disk.device);
    await execute('mkfs.ext4', ['-q', disk.device]);
    await execute('mount', [disk.device, at]);
    const image = await bench.image('whole.img', DISK);
    const run = await platter(['copy', '--unmount', '--yes', image, disk.device]);
    expect(run.code).toBe(0);
    expect(await digest(disk.backing)).toBe(await digest(image));
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(at);
  });

  test('refuses a destination with a mounted partition', async () => {
    const disk = await precious();
    assertOwnLoop(disk.device);
    const partition = `${disk.device}p1`;
    await execute('addpart', [disk.device, '1', '2048', String(DISK / 512 - 2048)]);
    bench.finally(() => removePartition(disk.device, 1));
    await execute('mkfs.ext4', ['-q', partition]);
    const at = await mkdtemp(join(tmpdir(), 'platter-mount-'));
    await execute('mount', ['-o', 'ro', partition, at]); // ext4 writes by itself for some seconds otherwise
    bench.finally(async () => {
      await execute('umount', [at]);
      await rm(at, { recursive: true });
    });
    await refusal([await source(), disk.device], 'MOUNTED', [disk.backing]);
    // A partition cannot be copied to the disk that it is on.
    await refusal([partition, disk.device], 'IS_SOURCE', [disk.backing]);
  });

  test('refuses a destination that another program holds', async () => {
    const disk = await precious();
    const holder = start(['copy', disk.device, join(await bench.directory(), 'never.img')]);
    await holder.ended; // a reader does not hold it
    const sleeper = execFile('python3', [
      '-c',
      `import os,time; os.open('${disk.device}', os.O_RDWR|os.O_EXCL); print('held', flush=True); time.sleep(60)`,
    ]);
    bench.finally(() => Promise.resolve(void sleeper.kill()));
    await new Promise((resolve) => sleeper.stdout?.once('data', resolve));
    await refusal([await source(), disk.device], 'IN_USE', [disk.backing]);
  });

  test('refuses the source as destination, by its name, a link and the file behind it', async () => {
    const disk = await precious();
    const link = join(await bench.directory(), 'link');
    await symlink(disk.device, link);
    await refusal([disk.device, disk.device], 'IS_SOURCE', [disk.backing]);
    await refusal([disk.device, link], 'IS_SOURCE', [disk.backing]);
    await refusal([link, disk.device], 'IS_SOURCE', [disk.backing]);
    const image = await source();
    await refusal([image, image], 'IS_SOURCE', [image]);
  });

  test('refuses a read-only destination', async () => {
    const disk = await precious({ readOnly: true });
    await refusal([await source(), disk.device], 'READ_ONLY', [disk.backing]);
  });

  test('says by how many bytes a destination is too small', async () => {
    const disk = await precious({ size: 3 * MiB });
    const run = await refusal([await source(), disk.device], 'TOO_SMALL', [disk.backing]);
    expect(run.stdout).toContain('1,048,576 bytes');
  });

  test('refuses a destination that is one sector too small', async () => {
    const disk = await precious({ size: 4 * MiB - 512 });
    const run = await refusal([await source(), disk.device], 'TOO_SMALL', [disk.backing]);
    expect(run.stdout).toContain('512 bytes');
  });

  test('refuses a destination that is named twice, once by a link', async () => {
    const disk = await precious();
    const link = join(await bench.directory(), 'by-id');
    await symlink(disk.device, link);
    await refusal([await source(), disk.device, link], 'DUPLICATE', [disk.backing]);
    await refusal([await source(), disk.device, disk.device], 'DUPLICATE', [disk.backing]);
  });

  test('refuses an image file that is named twice', async () => {
    const directory = await bench.directory();
    await source();
    await refusal(['disk.img', 'copy.img', './copy.img'], 'DUPLICATE', [], directory);
    expect(existsSync(join(directory, 'copy.img'))).toBe(false);
  });

  test('refuses a directory, a FIFO and a character device as destination', async () => {
    const directory = await bench.directory();
    await mkdir(join(directory, 'folder'));
    await execute('mkfifo', [join(directory, 'fifo')]);
    for (const path of ['folder', 'fifo', '/dev/null'])
      await refusal([await source(), path], 'NOT_BLOCK_OR_FILE', [], directory);
  });

  test('makes no file in place of a missing device', async () => {
    const path = '/dev/platter-no-such-device';
    await refusal([await source(), path], 'NOT_FOUND');
    expect(existsSync(path)).toBe(false);
  });

  test('refuses an image in a missing folder', async () => {
    await refusal([await source(), join(await bench.directory(), 'no', 'copy.img')], 'NOT_FOUND');
  });

  test('refuses the 33rd destination', async () => {
    const directory = await bench.directory();
    await refusal(
      [await source(), ...Array.from({ length: 33 }, (_, index) => `copy-${index}.img`)],
      'TOO_MANY',
      [],
      directory,
    );
    expect(existsSync(join(directory, 'copy-0.img'))).toBe(false);
  });

  test('writes nothing and begins no image when one destination of several is refused', async () => {
    const [good, small] = [await precious(), await precious({ size: MiB })];
    const copy = join(await bench.directory(), 'copy.img');
    const run = await refusal([await source(), good.device, copy, small.device], 'TOO_SMALL', [
      good.backing,
      small.backing,
    ]);
    expect(expectRefusal(run)).toMatchObject([{ path: small.device }]);
    expect(existsSync(copy)).toBe(false);
  });

  test('refuses several destinations, each with its reason', async () => {
    const [small, locked] = [await precious({ size: MiB }), await precious({ readOnly: true })];
    const run = await refusal([await source(), small.device, locked.device], 'TOO_SMALL', [
      small.backing,
      locked.backing,
    ]);
    expect(expectRefusal(run)).toMatchObject([
      { path: small.device, code: 'TOO_SMALL' },
      { path: locked.device, code: 'READ_ONLY' },
    ]);
  });
});

describe.skipIf(noLab !== null)('consent', () => {
  test('overwrites no block device without --yes and without a terminal', async () => {
    const disk = await precious();
    const image = await bench.image('disk.img', MiB);
    const before = await digest(disk.backing);
    const run = await platter(['copy', image, disk.device, '--json']);
    expect(expectRefusal(run)).toMatchObject([{ path: disk.device, code: 'CONFIRM' }]);
    const human = await platter(['copy', image, disk.device]);
    expect(human.code).toBe(2);
    expect(human.stderr).toMatch(new RegExp(`^platter: ${disk.device}: .*--yes`, 'u'));
    expect(await digest(disk.backing)).toBe(before);
  });
});

describe.skipIf(noLab !== null)('two copies onto one device at once', () => {
  test('refuses a second copy onto a device, and does not disturb the first', async () => {
    const image = await bench.image('disk.img', 12 * MiB);
    const disk = await bench.disk({ size: DISK });
    await disk.rule('stall w 4M 1M');
    const first = start(['copy', image, disk.device, '--yes', '--json']);
    await first.until((stdout) => stdout.includes('"event":"progress"'));
    const second = await platter(['copy', await bench.image('other.img', MiB, 5), disk.device, '--yes', '--json']);
    expect(expectRefusal(second)).toMatchObject([{ path: disk.device, code: 'IN_USE' }]);
    await disk.rule('clear');
    const run = await first.ended;
    expect(run.code, run.stdout).toBe(0);
    expect(await digest(disk.backing, 12 * MiB)).toBe(await digest(image));
  });

  test('refuses a second copy onto an image, and does not disturb the first', async () => {
    const slow = await bench.disk({ size: 4 * MiB });
    await slow.rule('stall r 3M 512');
    const copy = join(await bench.directory(), 'copy.img');
    const first = start(['copy', slow.device, copy, '--json']);
    await first.until((stdout) => stdout.includes('"event":"progress"'));
    const second = await platter(['copy', await bench.image('other.img', MiB, 5), copy, '--yes', '--json']);
    expect(expectRefusal(second).map(({ code }) => code)).toContain('IN_USE');
    await slow.rule('clear');
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await digest(copy)).toBe(await digest(slow.backing));
  });
});

test('makes the seeded bytes that the tests of this folder rest on', async () => {
  const path = await bench.image('a.img', 1000, 4);
  await writeFile(`${path}.b`, seededBytes(1000, 4));
  expect(await digest(path)).toBe(await digest(`${path}.b`));
});

describe('SOURCE and DEST in the wrong order', () => {
  test('are told when SOURCE is missing and DEST is there', async () => {
    const disk = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), 'new.img');

    const run = await platter(['copy', image, disk, '--yes']);

    expect([run.code, run.stderr]).toEqual([
      2,
      expect.stringContaining(
        `There is nothing at this path. Check the path. To copy ${disk}, name it first: SOURCE comes before DEST.`,
      ),
    ]);
  });

  test('are no advice when neither is there', async () => {
    const folder = await bench.directory();

    const run = await platter(['copy', join(folder, 'a.img'), join(folder, 'b.img'), '--yes']);

    expect(run.stderr).toContain('Check the path, or plug the drive in again.');
  });
});

describe('the name of a new image', () => {
  test.each([
    ['gzip', 'out.xz', 'Its name says xz, but the image would be packed as gzip.', 'Let its name end in .gz'],
    ['raw', 'out.zst', 'Its name says zstd, but the image would not be packed.', 'Let its name end in .img'],
    ['raw', 'out.vmdk', 'Its name says VMDK, but the image would not be packed.', 'Let its name end in .img'],
    [
      null,
      'out.img.bz2',
      'Its name says bzip2, which Platter does not write: the image would be raw.',
      'Let its name end in .img',
    ],
  ])('with --format %s, %s is refused', async (format, name, reason, advice) => {
    const source = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), name);

    const run = await platter(['copy', ...(format === null ? [] : ['--format', format]), source, image, '--yes']);

    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(`${reason} ${advice}`)]);
    expect(existsSync(image) || existsSync(`${image}.part`)).toBe(false);
  });

  test.each([
    ['vm.vmdk', 'VMDK'],
    ['vm.vdi', 'VDI'],
    ['vm.vhd', 'VHD'],
    ['vm.VHDX', 'VHDX'],
    ['a.zip', 'ZIP'],
    ['a.7z', '7z'],
    ['a.img.Z', 'compress'],
    ['a.rar', 'RAR'],
  ])('%s is refused, because Platter writes no such file', async (name, named) => {
    const source = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), name);

    const run = await platter(['copy', source, image, '--yes']);

    const reason = `Its name says ${named}, which Platter does not write: the image would be raw.`;
    const advice =
      'Let its name end in .img for a raw image, in .qcow2 for a virtual machine, or in .zst for a packed one.';
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(`${reason} ${advice}`)]);
    expect(existsSync(image) || existsSync(`${image}.part`)).toBe(false);
  });

  test('may be that of a file whose bytes are copied as they are', async () => {
    const source = await bench.image('disk.vmdk', MiB);
    const image = join(await bench.directory(), 'copy.vmdk');

    const run = await platter(['copy', '--as-is', source, image, '--yes']);

    expect(run.code, run.stderr).toBe(0);
    expect(await digest(image)).toBe(await digest(source));
  });

  test('may be any with the format that it says, or none that is packed', async () => {
    const source = await bench.image('disk.img', MiB);
    const folder = await bench.directory();

    const run = await platter(['copy', '--format', 'xz', source, join(folder, 'a.xz'), join(folder, 'b.img'), '--yes']);

    expect(run.code).toBe(0);
  });

  test('"-" is refused, and a file of that name can be written by its path', async () => {
    const source = await bench.image('disk.img', MiB);
    const cwd = await bench.directory();

    const refused = await platter(['copy', source, '-', '--yes'], { cwd });
    const isThere = existsSync(join(cwd, '-'));
    const written = await platter(['copy', source, './-', '--yes'], { cwd });

    expect([refused.code, isThere, written.code]).toEqual([2, false, 0]);
    expect(refused.stderr).toContain("'-' cannot be a destination: standard output cannot be read back");
    expect(await digest(join(cwd, '-'))).toBe(await digest(source));
  });

  test.skipIf(canLab() !== null)('a format for disks alone is refused with what to do', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await precious({ size: 2 * MiB });

    const run = await platter(['copy', '--format', 'zstd', source, disk.device, '--yes']);

    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('Name an image file, or give no format.')]);
    expect(run.stderr).toContain('no destination is one, but zstd is given');
  });

  test.skipIf(canLab() !== null)('--anonymous for disks alone is refused with what to do', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await precious({ size: 2 * MiB });

    const run = await platter(['copy', '--anonymous', source, disk.device, '--yes']);

    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('or leave out --anonymous.')]);
    expect(run.stderr).toContain('Only a new .zst image and a manifest name the source.');
  });

  test('--anonymous for a raw image alone is refused, and nothing is written', async () => {
    const source = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), 'copy.img');

    const run = await platter(['copy', '--anonymous', source, image, '--yes']);

    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('or leave out --anonymous.')]);
    expect(existsSync(image)).toBe(false);
  });

  test.skipIf(canLab() !== null)('--anonymous for disks and a manifest is taken', async () => {
    const source = await bench.image('disk.img', MiB);
    const disk = await precious({ size: 2 * MiB });
    const manifest = join(await bench.directory(), 'disk.manifest');

    const run = await platter(['copy', '--anonymous', '--manifest', manifest, source, disk.device, '--yes']);

    expect(run.code, run.stderr).toBe(0);
  });

  test.each([
    ['copy', []],
    ['copy', ['--ignore-bmap']],
    ['verify', []],
  ])('--zero-unmapped without a map is refused with what to do: %s %j', async (command, options) => {
    const source = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), 'a.img');
    await writeFile(image, 'old');

    const run = await platter([command, '--zero-unmapped', ...options, source, image]);

    expect([run.code, await readFile(image, 'utf8')]).toEqual([2, 'old']);
    expect(run.stderr).toContain('--zero-unmapped');
    expect(run.stderr).toContain(options.length === 0 ? 'Give --bmap FILE or --used' : 'cannot be used with option');
  });

  test.each(['copy', 'repair', 'verify'])('--used together with --as-is is refused by %s', async (command) => {
    const run = await platter([command, '--used', '--as-is', 'a.img', 'b.img']);

    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('cannot be used with option')]);
    expect(run.stderr).toContain('--as-is');
  });

  test('an update of a packed image is refused with one piece of advice', async () => {
    const source = await bench.image('disk.img', MiB);
    const image = join(await bench.directory(), 'a.zst');

    const run = await platter(['copy', '--update', source, image, '--yes']);

    expect(run.stderr).toContain('A packed image cannot be updated in place. Write a new image instead.');
  });
});
