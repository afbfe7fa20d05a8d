// A part of a disk or an image as a plain file, for tools that take nothing else.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serverLacks } from '../../../build/native.mjs';
import { FOLLOWING } from '../../../build/own-mounts.mjs';
import { Refusal } from '../../../app/base/errors.ts';
import { withServedFile } from '../../../app/engine/serving/served-file.ts';
import { canLab, labdisk, seededBytes } from '../../lab/lab.ts';
import { Folder, lacks } from '../parsers/source-files.ts';
import { leftBelow } from './packed-disks.ts';

const MIB = 1024 ** 2;
const missing = serverLacks();
const why = missing.length > 0 ? `without ${missing.join(', ')}: install the -dev packages` : canLab();

/** An image of random bytes, open for reading. */
function image(folder: Folder): { path: string; bytes: Buffer; file: number } {
  const path = folder.at('image');
  const bytes = seededBytes(4 * MIB, 3);
  writeFileSync(path, bytes);
  return { path, bytes, file: openSync(path, constants.O_RDONLY) };
}

describe.skipIf(why !== null)(`a served file${why === null ? '' : ` (${why})`}`, () => {
  test('is the range of the descriptor, and is gone afterwards', async () => {
    using folder = new Folder();
    const { path, bytes, file } = image(folder);
    const ranges = [
      { name: 'p1.img', offset: 512, length: MIB },
      { name: 'p2.img', offset: 3 * MIB + 1, length: MIB - 1 },
    ];

    const seen = await withServedFile(file, path, ranges, (paths) =>
      Promise.resolve({ paths, read: paths.map((one) => readFileSync(one)) }),
    );
    closeSync(file);

    expect(seen.read[0]!.equals(bytes.subarray(512, 512 + MIB))).toBe(true);
    expect(seen.read[1]!.equals(bytes.subarray(3 * MIB + 1))).toBe(true);
    expect(existsSync(dirname(seen.paths[0]!))).toBe(false);
    expect(leftBelow(dirname(seen.paths[0]!))).toEqual([]);
  });

  test('is gone when the tool fails', async () => {
    using folder = new Folder();
    const { path, file } = image(folder);
    let at = '';

    const failing = withServedFile(file, path, [{ name: 'a', offset: 0, length: 1 }], ([only]) => {
      at = only!;
      return Promise.reject(new Error('the tool failed'));
    });

    await expect(failing).rejects.toThrow('the tool failed');
    closeSync(file);
    expect(existsSync(dirname(at))).toBe(false);
  });

  test('refuses a range that the image does not have, and a descriptor that can write', async () => {
    using folder = new Folder();
    const { path, file } = image(folder);
    const writable = openSync(path, constants.O_RDWR);
    const act = (): Promise<null> => Promise.resolve(null);

    const tooFar = withServedFile(file, path, [{ name: 'a', offset: 4 * MIB, length: 1 }], act);
    await expect(tooFar).rejects.toThrow(Refusal);
    const unsafe = withServedFile(writable, path, [{ name: 'a', offset: 0, length: 1 }], act);
    await expect(unsafe).rejects.toThrow(Refusal);
    [file, writable].forEach((one) => closeSync(one));
  });

  test('is read through a descriptor that passes the cache of the system by', async () => {
    await using disk = await labdisk({ size: 8 * MIB, plain: true });
    const file = openSync(disk.device, constants.O_RDONLY | constants.O_DIRECT);

    const read = await withServedFile(file, disk.device, [{ name: 'a', offset: 1000, length: 5000 }], ([only]) =>
      Promise.resolve(readFileSync(only!)),
    );
    closeSync(file);

    expect(read.equals(readFileSync(disk.backing).subarray(1000, 6000))).toBe(true);
  });

  test('a sector that cannot be read is an error for its reader alone', async () => {
    await using disk = await labdisk({ size: 8 * MIB, rules: ['eio r 2M 4K'] });
    const file = openSync(disk.device, constants.O_RDONLY);

    const seen = await withServedFile(file, disk.device, [{ name: 'a', offset: 0, length: 8 * MIB }], ([only]) =>
      Promise.resolve(
        [0, 1, 2, 3, 4].map((at) => {
          try {
            execFileSync('dd', [`if=${only!}`, 'of=/dev/null', 'bs=1M', 'count=1', `skip=${at}`], { stdio: 'ignore' });
            return 'read';
          } catch {
            return 'error';
          }
        }),
      ),
    );
    closeSync(file);

    expect(seen).toEqual(['read', 'read', 'error', 'read', 'read']);
  });

  test('goes when the program that lends it is killed', async () => {
    using folder = new Folder();
    const { path } = image(folder);
    const at = mkdtempSync(join(tmpdir(), 'platter-served-'));
    const lender = `
      const { spawn } = require('node:child_process');
      const { openSync } = require('node:fs');
      const server = spawn(${JSON.stringify(resolve('out/native/platter-serve'))}, ['--raw', ${JSON.stringify(at)}], {
        stdio: [openSync(${JSON.stringify(path)}, 'r'), 'ignore', 'inherit', 'pipe', 'pipe'], detached: true });
      server.stdio[3].pipe(process.stdout);`;
    const child = spawn(process.execPath, ['-e', lender], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(leftBelow(at)).toHaveLength(1);

    child.kill('SIGKILL');
    while (leftBelow(at).length > 0) await sleep(20);

    await rm(at, { recursive: true });
  });

  const lacking = lacks('setpriv') ?? lacks('unshare') ?? lacks('fusermount3');
  test.skipIf(lacking !== null)(`belongs to the user who is named${lacking === null ? '' : ` (${lacking})`}`, () => {
    using folder = new Folder();
    const { bytes } = image(folder);
    // Here /dev/fuse may be root's alone.
    execFileSync('mknod', ['-m', '666', folder.at('fuse'), 'c', '10', '229']);
    const module = resolve('app/engine/serving/served-file.ts');
    const script = `
      const { withServedFile } = await import(${JSON.stringify(module)});
      const { execFileSync } = await import('node:child_process');
      const { openSync } = await import('node:fs');
      await withServedFile(openSync(${JSON.stringify(folder.at('image'))}, 'r'), 'image', [{ name: 'a', offset: 1, length: 9 }],
        ([only]) => {
          const as = { uid: 65534, gid: 65534 };
          console.log(execFileSync('id', ['-u'], as).toString().trim(), execFileSync('cat', [only], as).toString('hex'));
          return Promise.resolve();
        }, { uid: 65534, gid: 65534 });`;
    writeFileSync(folder.at('lend.mjs'), script);

    const said = execFileSync(
      'unshare',
      [
        ...FOLLOWING,
        'sh',
        '-ec',
        `mount --bind "$1" /dev/fuse; exec "$2" "$3"`,
        'sh',
        folder.at('fuse'),
        process.execPath,
        folder.at('lend.mjs'),
      ],
      { encoding: 'utf8' },
    );

    expect(said).toBe(`65534 ${bytes.subarray(1, 10).toString('hex')}\n`);
    expect(statSync(folder.path).isDirectory()).toBe(true);
  });
});
