// The decoder reads the same bytes from virtual disks as qemu-img.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cmake } from '../../../build/native.mjs';
import { seededBytes } from '../../lab/lab.ts';
import { because, Bench, cannotBuild } from './unpack-files.ts';
import { judged, lacksQemu, makeDisk, MAKINGS, type Making } from './virtual-disk-files.ts';

const MiB = 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), 'platter-virtual-'));
const at = (name: string): string => join(folder, name);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Data that packs well, data that does not, and holes. The last cluster is incomplete. */
function content(): Buffer {
  const bytes = Buffer.alloc(9 * MiB + 3 * 512);
  seededBytes(300_000, 1).copy(bytes, 70_000);
  bytes.fill('text ', 3 * MiB + 1000, 4 * MiB);
  seededBytes(5000, 2).copy(bytes, 7 * MiB - 2500);
  bytes.fill('end', bytes.length - 700);
  return bytes;
}
const bench = new Bench(content());
const kept = new Map<string, Buffer>();

/** The virtual disk, made once. */
function made(making: Making): Buffer {
  const path = at(making.name);
  const bytes = kept.get(path);
  if (bytes !== undefined) return bytes;
  makeDisk(making, bench.image, path);
  kept.set(path, readFileSync(path));
  return made(making);
}

beforeAll(() => (cannotBuild ? undefined : cmake('plain', ['platter-unpack', 'unpack-damage'])), 600_000);
afterAll(() => {
  bench[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const named = (name: string): Making => MAKINGS.find((one) => one.name === name)!;
const fault = (bytes: Buffer): unknown => bench.decode(bytes).report;

describe.skipIf(cannotBuild || lacksQemu !== null)(`a virtual disk${because}`, () => {
  describe.each(MAKINGS)('$name', (making) => {
    it('decodes and hashes what qemu-img reads', () => {
      const bytes = made(making);
      const disk = judged(making, at(making.name));

      const { code, out, report } = bench.decode(bytes, '--digest', 'sha256', '--image-digest', 'sha256');

      expect({ code, said: report.said }).toEqual({ code: 0, said: undefined });
      expect(out.equals(disk)).toBe(true);
      expect(disk.subarray(0, bench.content.length).equals(bench.content)).toBe(true);
      expect(report).toMatchObject({
        written: disk.length,
        checked: false,
        digests: { sha256: sha256(bytes) },
        imageDigests: { sha256: sha256(disk) },
      });
      expect(bench.probe(bytes)).toMatchObject({ size: disk.length, seekable: true, snapshots: 0 });
    });

    it('can be read from any offset', () => {
      const bytes = made(making);
      const disk = judged(making, at(making.name));
      for (const [from, length] of [
        [0, 1],
        [69_999, 131_075],
        [3 * MiB + 7, MiB],
        [disk.length - 1000, 5000],
        [disk.length, 1],
      ] as const) {
        const { code, out } = bench.decode(bytes, '--from', String(from), '--length', String(length));

        expect({ code, from }).toEqual({ code: 0, from });
        expect(out.equals(disk.subarray(from, from + length)), String(from)).toBe(true);
      }
    });

    it('is refused when it is cut short, unless no byte of the disk is missing', () => {
      const bytes = made(making);
      const disk = judged(making, at(making.name));
      for (const share of [0, 0.01, 0.3, 0.6, 0.9, 0.99, 0.9999]) {
        const length = Math.floor(bytes.length * share);
        const { code, out, report } = bench.decode(bytes.subarray(0, length));

        const isWhole = code === 0 && out.equals(disk);
        if (!isWhole) expect({ length, code, report }).toMatchObject({ length, code: 1, report: { event: 'error' } });
      }
      // A fixed disk is mostly data, without a table.
      expect(fault(bytes.subarray(0, bytes.length / 2))).toMatchObject({ event: 'error' });
    });
  });

  it.each(['qcow2 in the smallest clusters', 'streamed VMDK', 'VMDK', 'VDI'])(
    '%s with one wrong bit is refused, or never called checked',
    (name) => {
      const small = Buffer.concat([seededBytes(3000, 5), Buffer.alloc(126_024), seededBytes(2048, 6)]);
      using little = new Bench(small);
      const making = named(name);
      makeDisk(making, little.image, at('little'));

      const said = execFileSync(resolve('out/test/plain/unpack-damage'), [at('little'), little.image, '3000']);

      const { cut, turned } = JSON.parse(said.toString()) as Record<'cut' | 'turned', Record<string, unknown>>;
      expect(cut).toMatchObject({ wrong: [], unchecked: 0, less: 0 });
      expect(turned).toMatchObject({ wrong: [], less: 0 });
    },
  );

  it('refuses a qcow2 file with a table entry that points elsewhere', () => {
    const bytes = made(named('qcow2'));
    const first = Number(bytes.readBigUInt64BE(40));
    const second = Number(bytes.readBigUInt64BE(first) & 0xfffffffffffe00n);
    const entry = second + 8;
    expect(bytes.readBigUInt64BE(entry)).toBeGreaterThan(0n);
    for (const table of [first, entry]) {
      // Flips every bit of the offset, and the mark that nothing else refers to it.
      for (const bit of [63, ...Array.from({ length: 47 }, (_, i) => 9 + i)]) {
        const wrong = Buffer.from(bytes);
        wrong.writeBigUInt64BE(wrong.readBigUInt64BE(table) ^ (1n << BigInt(bit)), table);

        expect({ table, bit, report: fault(wrong) }).toMatchObject({ table, bit, report: { event: 'error' } });
      }
    }
  });

  it('refuses a VDI file with two blocks at the same place', () => {
    const bytes = Buffer.from(made(named('VDI')));
    bytes.copy(bytes, 512, 512 + 4 * 3, 512 + 4 * 4);

    expect(fault(bytes)).toMatchObject({ fault: 'damaged' });
  });

  it('refuses a VMDK file whose two tables differ', () => {
    const bytes = Buffer.from(made(named('VMDK')));
    const first = bytes.readUInt32LE(56) * 512;
    const second = bytes.readUInt32LE(first) * 512;
    bytes.writeUInt32LE(0, second + 4 * 2);

    expect(fault(bytes)).toMatchObject({ fault: 'damaged', said: 'VMDK: the two copies of its tables differ' });
  });

  it('reads a streamed VMDK by its footer and refuses one without it', () => {
    const making = named('streamed VMDK');
    const bytes = Buffer.from(made(making));
    // VMware writes the tables last. QEMU does not, but can read them.
    const marker = Buffer.alloc(512);
    marker.writeUInt32LE(1, 0);
    marker.writeUInt32LE(3, 12);
    const whole = Buffer.concat([bytes, marker, bytes.subarray(0, 512), Buffer.alloc(512)]);
    whole.fill(0xff, 56, 64);
    writeFileSync(at('footer'), whole);

    const { code, out } = bench.decode(whole);

    expect(code).toBe(0);
    expect(out.equals(judged(making, at('footer')))).toBe(true);
    expect(fault(whole.subarray(0, -512))).toMatchObject({ fault: 'truncated' });
    whole[bytes.length + 512 + 21]! ^= 1;
    expect(fault(whole)).toMatchObject({ fault: 'damaged', said: 'VMDK: the two headers differ' });
  });

  it('refuses a VHD or VHDX file with a wrong checksum', () => {
    const vhd = Buffer.from(made(named('VHD')));
    vhd[vhd.length - 100]! ^= 1;
    expect(fault(vhd)).toMatchObject({ fault: 'damaged' });
    const vhdx = Buffer.from(made(named('VHDX')));
    for (const place of [64, 128]) vhdx[place * 1024 + 20]! ^= 1;
    expect(fault(vhdx)).toMatchObject({ fault: 'damaged', said: 'VHDX: both headers are damaged' });
  });

  it('reads a VHDX file with one damaged header', () => {
    const bytes = Buffer.from(made(named('VHDX')));
    bytes[64 * 1024 + 20]! ^= 1;
    bytes[192 * 1024 + 40]! ^= 1;

    const { code, out } = bench.decode(bytes);

    expect(code).toBe(0);
    expect(out.equals(bench.content)).toBe(true);
  });

  it('reads the current state of a disk with snapshots', () => {
    makeDisk(named('qcow2'), bench.image, at('snapshots'));
    const run = (...args: string[]): unknown => execFileSync('qemu-img', [...args, at('snapshots')], { stdio: 'pipe' });
    run('snapshot', '-c', 'one');
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 64k 128k', at('snapshots')], { stdio: 'pipe' });
    run('snapshot', '-c', 'two');
    const bytes = readFileSync(at('snapshots'));

    const { code, out } = bench.decode(bytes);

    expect(code).toBe(0);
    expect(out.equals(judged(named('qcow2'), at('snapshots')))).toBe(true);
    expect(out.equals(bench.content)).toBe(false);
    expect(bench.probe(bytes)).toMatchObject({ snapshots: 2 });
  });

  it('refuses a virtual disk that was not closed', () => {
    const vhdx = Buffer.from(made(named('VHDX')));
    // A log in both headers, with a new checksum (CRC-32C).
    for (const place of [64 * 1024, 128 * 1024]) {
      vhdx[place + 48] = 1;
      vhdx.writeUInt32LE(0, place + 4);
      vhdx.writeUInt32LE(crc32c(vhdx.subarray(place, place + 4096)), place + 4);
    }
    expect(fault(vhdx)).toMatchObject({ fault: 'unfinished' });
    const qcow2 = Buffer.from(made(named('qcow2')));
    qcow2[79] = 2;
    expect(fault(qcow2)).toMatchObject({ fault: 'unfinished', said: 'qcow2: marked as corrupt' });
  });

  it('refuses a virtual disk from a pipe', () => {
    const said = execFileSync(
      'sh',
      ['-c', `cat "$1" | { "$0" decode 3>&1 >&2 || true; }`, resolve('out/native/plain/platter-unpack'), at('qcow2')],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(said.toString()).toContain('a virtual disk has to be a file');
  });
});

function crc32c(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

describe.skipIf(cannotBuild || lacksQemu !== null)(`a virtual disk that needs more than itself${because}`, () => {
  const refusedBy = (make: string): unknown => {
    execFileSync('bash', ['-euc', `rm -f d.* && cp disk.img d.raw; ${make}`], { cwd: folder, stdio: 'pipe' });
    return fault(readFileSync(at('d')));
  };

  beforeAll(() => {
    writeFileSync(at('disk.img'), bench.content);
  });

  it.each([
    ['/etc/shadow', 'qemu-img create -q -u -f qcow2 -b /etc/shadow -F raw d 1M'],
    ['nbd://127.0.0.1:1/', 'qemu-img create -q -u -f qcow2 -b nbd://127.0.0.1:1/ -F raw d 1M'],
    ['/dev/fd/0', 'qemu-img create -q -u -f qcow2 -b /dev/fd/0 -F raw d 1M'],
    [
      'json:{"driver":"https","url":"https://127.0.0.1:1/"}',
      `qemu-img create -q -u -f qcow2 -b 'json:{"driver":"https","url":"https://127.0.0.1:1/"}' -F raw d 1M`,
    ],
    ['d.data', 'qemu-img create -q -f qcow2 -o data_file=d.data d 1M'],
    ['d-flat.vmdk', 'qemu-img convert -O vmdk -o subformat=monolithicFlat disk.img d.vmdk && mv d.vmdk d'],
    ['d-s001.vmdk', 'qemu-img convert -O vmdk -o subformat=twoGbMaxExtentSparse disk.img d.vmdk && mv d.vmdk d'],
    [
      'd.base.vmdk',
      'qemu-img convert -O vmdk disk.img d.base.vmdk && qemu-img create -q -f vmdk -b d.base.vmdk -F vmdk d.vmdk && mv d.vmdk d',
    ],
    ['', 'qemu-img convert -O vmdk -o subformat=twoGbMaxExtentSparse disk.img d.vmdk && mv d-s001.vmdk d'],
  ])('is refused, and the file is named: %s', (name, make) => {
    expect(refusedBy(make)).toMatchObject({ event: 'error', fault: 'otherFile', said: name });
  });

  it.each([
    'qemu-img convert --object secret,id=s,data=x -O qcow2 -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 disk.img d',
    `qemu-img convert -O qcow2 -o compat=0.10 disk.img d && printf '\\0\\0\\0\\1' | dd of=d bs=1 seek=32 conv=notrunc`,
  ])('is refused when it is encrypted: %s', (make) => {
    expect(refusedBy(make)).toMatchObject({ event: 'error', fault: 'encrypted' });
  });
});
