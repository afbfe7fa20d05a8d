// A Debian on a disk of its own, imaged and cloned with --used, and started from the copies. Not part of `npm test`,
// because emulating the machine takes a minute: `npm test -- boot`.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FOLLOWING } from '../../build/own-mounts.mjs';
import { Bench, platter, resultOf } from '../app/cli/support.ts';
import { dirty, mounted, run, sums } from '../app/used-blocks/support.ts';
import { canLab } from '../lab/lab.ts';
import { canCleanRoot, debianArchive } from '../package/clean-root.ts';
import { bootedToLogin, canBoot } from './machine.ts';

/** What the Debian is made of besides its minimum. */
const SYSTEM = 'linux-image-cloud-amd64, initramfs-tools, systemd-sysv, udev, extlinux, syslinux-common, e2fsprogs';
const SIZE = 1024 ** 3;
const OFFSET = 1024 ** 2;
/** Milliseconds after which it hangs. A busy machine takes minutes to make a Debian, and to emulate its start. */
const HANGS = 900_000;

const bench = new Bench();
afterEach(() => bench.clear());
const cannot = canLab() ?? canCleanRoot() ?? canBoot();

describe('a Debian imaged with --used', { timeout: HANGS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'platter-boot-'));
  const system = join(folder, 'system.img');
  let original = '';
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(async () => {
    if (cannot !== null) return;
    const maker = join(import.meta.dirname, 'make-system.sh');
    await run('unshare', ...FOLLOWING, maker, await debianArchive('boot', SYSTEM), system);
    original = await files(system);
  }, HANGS);

  beforeEach(({ skip }) => skip(cannot !== null, cannot ?? ''));

  const files = (image: string): Promise<string> =>
    mounted(image, join(folder, 'mnt'), sums, `loop,ro,noload,offset=${OFFSET}`);

  /**
   * Throws unless the copy, a file or a device, has a whole file system with the files of the original, and nothing that
   * was deleted.
   */
  async function mustBeWhole(copy: string): Promise<void> {
    await run('e2fsck', '-fn', `${copy}?offset=${OFFSET}`);
    expect(await files(copy)).toBe(original);
    const { stdout } = await promisify(execFile)('sh', ['-c', 'grep -c "deleted by its owner" "$0" || true', copy]);
    expect(stdout.trim()).toBe('0');
  }

  it('starts to its login prompt from an image that was packed and restored', async ({ signal }) => {
    const disk = await bench.disk({ size: SIZE, file: system, plain: true });
    const [packed, restored] = [join(await bench.directory(), 'system.img.zst'), join(folder, 'restored.img')];

    const imaged = await platter(['copy', disk.device, packed, '--used', '--yes', '--json']);
    const copied = await platter(['copy', packed, restored, '--yes', '--json']);

    expect(resultOf(imaged).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    expect(resultOf(imaged).mapped).toBeLessThan(SIZE / 2);
    expect(resultOf(copied).destinations).toMatchObject([{ verdict: 'verified' }]);
    await mustBeWhole(restored);
    expect(await bootedToLogin(restored, signal)).toContain('imaged login: ');
  });

  it('starts to its login prompt from a disk that was full of 0xA5 before it was cloned', async ({ signal }) => {
    const disk = await bench.disk({ size: SIZE, file: system, plain: true });
    const clone = await bench.disk({ size: SIZE, plain: true });
    await dirty(clone.backing, SIZE);

    const cloned = await platter(['copy', disk.device, clone.device, '--used', '--yes', '--json']);

    expect(resultOf(cloned).destinations).toMatchObject([{ verdict: 'mappedVerified' }]);
    await mustBeWhole(clone.device);
    expect(await bootedToLogin(clone.backing, signal)).toContain('imaged login: ');
  });
});
