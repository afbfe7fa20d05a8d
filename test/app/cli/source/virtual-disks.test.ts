// Virtual disks as sources: their content is written, and the files that they name are never opened.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { canLab } from '../../../lab/lab.ts';
import { Folder, lacks } from '../../parsers/source-files.ts';
import { judged, lacksQemu, makeDisk, MAKINGS, type Making } from '../../unpacking/virtual-disk-files.ts';
import { expectRefusal } from '../shapes.ts';
import { Bench, digest, MiB, platter, PLATTER, resultOf, stateDirectory } from '../support.ts';

const missing = decoderLacks();
const skip =
  missing.length > 0
    ? ` (without ${missing.join(', ')}: install the -dev packages)`
    : lacksQemu === null
      ? ''
      : ` (${lacksQemu})`;
const noLab = canLab();
const bench = new Bench();
afterEach(() => bench.clear());

const named = (name: string): Making => MAKINGS.find((one) => one.name === name)!;

/** One virtual disk of each format, and packed ones. */
const WRITTEN = ['qcow2', 'qcow2 packed by zstd', 'VMDK', 'streamed VMDK', 'VDI', 'VHD', 'fixed VHD', 'VHDX'];

/** A folder with a `disk.img`, and the virtual disk `d` of it. */
async function made(making: Making): Promise<Folder> {
  const folder = new Folder();
  await folder.system();
  makeDisk(making, folder.at('disk.img'), folder.at('d'));
  return folder;
}

describe.skipIf(skip !== '')(`a virtual disk as source${skip}`, () => {
  describe.skipIf(noLab !== null)('on drives', () => {
    test.each(WRITTEN.map(named))('$name is written to two drives as qemu-img reads it', async (making) => {
      using folder = await made(making);
      const disk = judged(making, folder.at('d'));
      const drives = await Promise.all([1, 2].map(() => bench.disk({ size: 32 * MiB, plain: true })));

      const run = await platter(['copy', '--yes', '--json', folder.at('d'), ...drives.map(({ device }) => device)]);

      expect(run.code, run.stdout).toBe(0);
      expect(resultOf(run)).toMatchObject({ destinations: [{ verified: true }, { verified: true }] });
      for (const { backing } of drives)
        expect(await digest(backing, disk.length)).toBe(createHash('sha256').update(disk).digest('hex'));
    });

    test('refuses a drive that is smaller than the virtual disk before touching it', async () => {
      using folder = await made(named('qcow2'));
      const drive = await bench.disk({ file: await bench.image('kept.img', 16 * MiB, 9), plain: true });
      const before = await digest(drive.backing);

      const run = await platter(['copy', '--yes', '--json', folder.at('d'), drive.device]);

      expect(expectRefusal(run)).toMatchObject([{ code: 'TOO_SMALL' }]);
      expect(await digest(drive.backing)).toBe(before);
    });

    test('leaves the drive without its head when the checksum differs', async () => {
      using folder = await made(named('qcow2'));
      const drive = await bench.disk({ file: await bench.image('kept.img', 32 * MiB, 9), plain: true });

      const run = await platter(['copy', '--yes', '--json', '--sha256', '0'.repeat(64), folder.at('d'), drive.device]);

      expect(run.code).toBe(3);
      expect(
        readFileSync(drive.backing)
          .subarray(0, MiB)
          .every((byte) => byte === 0),
      ).toBe(true);
    });
  });

  test('compares the checksum of the file or of the disk in it', async () => {
    using folder = await made(named('qcow2 packed by zstd'));
    for (const file of ['d', 'disk.img']) {
      const sha256 = await digest(folder.at(file));
      const { code, stderr } = await platter(['check', '--sha256', sha256, folder.at('d')]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  });

  test('describes the content of a virtual disk', async () => {
    using folder = await made(named('VHDX'));

    const { code, stdout } = await platter(['info', '--json', folder.at('d')]);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      packed: { format: 'vhdx', seekable: true, snapshots: 0 },
      size: 24 * MiB,
      sizeIs: 'exact',
      table: { kind: 'gpt', backup: 'right', partitions: [{ signatures: [{ type: 'ext4', label: 'rootfs' }] }] },
    });
    expect((await platter(['info', folder.at('d')])).stdout).toMatch(/Format +VHDX -> disk image, GPT$/mu);
  });

  test('reports the snapshots of a virtual disk', async () => {
    using folder = await made(named('qcow2'));
    await folder.run('qemu-img snapshot -c one d');
    expect((await platter(['info', folder.at('d')])).stdout).toMatch(/Snapshots +1, which are not copied/mu);
  });

  test('refuses a packed virtual disk and gives the command to unpack it', async () => {
    using folder = await made(named('qcow2'));
    await folder.run('mv d d.qcow2 && gzip -1 d.qcow2');
    const { code, stderr } = await platter(['copy', '--yes', folder.at('d.qcow2.gz'), folder.at('o.img')]);
    expect(code).toBe(2);
    expect(stderr).toContain('qemu-img convert -O raw FILE disk.img');
  });

  test('copies a virtual disk as a file with --as-is', async () => {
    using folder = await made(named('fixed VHD'));
    expect(await platter(['copy', '--yes', '--as-is', folder.at('d'), folder.at('o.img')])).toMatchObject({ code: 0 });
    expect(await digest(folder.at('o.img'))).toBe(await digest(folder.at('d')));
  });

  test('fails on a virtual disk that is cut short or damaged, and check says so', async () => {
    using folder = await made(named('qcow2'));
    const bytes = readFileSync(folder.at('d'));
    const first = Number(bytes.readBigUInt64BE(40));
    const wrong = Buffer.from(bytes);
    wrong[first + 5]! ^= 1;
    for (const damaged of [bytes.subarray(0, bytes.length / 2), wrong]) {
      writeFileSync(folder.at('e'), damaged);
      expect(await platter(['check', folder.at('e')])).toMatchObject({ code: 3 });
      const { code } = await platter(['copy', '--yes', folder.at('e'), folder.at('o.img')]);
      // A damaged table that is needed at once refuses the job. One that is needed later fails it.
      expect([2, 3]).toContain(code);
      expect(existsSync(folder.at('o.img'))).toBe(false);
    }
  });

  test.skipIf(lacks('strace') !== null).each([
    ['qcow2 with a backing file', 'qemu-img create -q -u -f qcow2 -b "$PWD/canary" -F raw d 1M'],
    ['qcow2 with a file of its data', 'qemu-img create -q -f qcow2 -o data_file="$PWD/canary",data_file_raw=on d 1M'],
    ['qcow2 on a server', 'qemu-img create -q -u -f qcow2 -b nbd://127.0.0.1:10809/canary -F raw d 1M'],
    [
      'qcow2 with a name in JSON',
      `qemu-img create -q -u -f qcow2 -b 'json:{"driver":"https","url":"https://127.0.0.1/canary"}' -F raw d 1M`,
    ],
    [
      'VMDK with a file of its data',
      'qemu-img create -q -f vmdk -o subformat=monolithicFlat x.vmdk 1M && sed s,x-flat.vmdk,$PWD/canary, x.vmdk > d',
    ],
  ])('a %s is refused by the name of that, which nobody opens', async (_, make) => {
    using folder = new Folder();
    await folder.run(`head -c 1M /dev/urandom > canary; ${make}`);

    for (const args of [
      ['copy', '--yes', folder.at('d'), folder.at('o.img')],
      ['check', folder.at('d')],
      ['info', folder.at('d')],
    ]) {
      const traced = [
        '-f',
        '-qq',
        '-s',
        '999',
        '-e',
        'trace=open,openat,stat,statx,readlink,connect',
        '-o',
        folder.at('trace'),
      ];
      const { status, stderr } = spawned('strace', [...traced, process.execPath, PLATTER, ...args]);

      expect(status).not.toBe(0);
      expect(stderr).toContain('canary');
      const calls = readFileSync(folder.at('trace'), 'utf8');
      expect(calls).toContain(folder.at('d'));
      expect(calls).not.toContain('canary');
      expect(calls).not.toMatch(/connect\([^)]*AF_INET/u);
    }
    expect(existsSync(folder.at('o.img'))).toBe(false);
  });
});

function spawned(program: string, args: readonly string[]): { status: number | null; stderr: string } {
  const env = { ...process.env, PLATTER_STATE: stateDirectory() };
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  return { status, stderr };
}
