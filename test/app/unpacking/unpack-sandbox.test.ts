// Foreign files are decoded without access to anything else, and with limited memory.
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cmake } from '../../../build/native.mjs';
import { because, Bench, cannotBuild, PACKINGS } from './unpack-files.ts';

const { EPERM, ENOMEM, ENOSYS } = constants.errno;
const bench = new Bench();

beforeAll(() => (cannotBuild ? undefined : cmake('plain', ['platter-unpack', 'unpack-sandbox'])), 600_000);
afterAll(() => bench[Symbol.dispose]());

/** A frame with a window of 2 GiB and `count` bytes of content. */
function hostileZstd(count: number): Buffer {
  const block = Buffer.alloc(4);
  block.writeUInt32LE((count << 3) | 1);
  return Buffer.concat([Buffer.from('28b52ffd00a8', 'hex'), block.subarray(0, 3), Buffer.alloc(count, 'x')]);
}

/** The same xz file with a dictionary of 4 GiB. */
function hostileXz(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const header = copy.subarray(12, 12 + (copy[12]! + 1) * 4);
  const filter = header.indexOf(Buffer.of(0x21, 1));
  header[filter + 2] = 40;
  header.writeUInt32LE(crc32(header.subarray(0, -4)), header.length - 4);
  return copy;
}

/** A member of BGZF with 64 KiB of zeros in it. */
function zeroMember(): Buffer {
  const content = Buffer.alloc(65280);
  const deflated = deflateRawSync(content);
  const head = Buffer.from('1f8b08040000000000ff0600424302000000', 'hex');
  head.writeUInt16LE(head.length + deflated.length + 8 - 1, 16);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(content), 0);
  tail.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, deflated, tail]);
}

/** The last block of BGZF. */
const LAST = Buffer.from('1f8b08040000000000ff0600424302001b0003000000000000000000', 'hex');

describe.skipIf(cannotBuild)(`the decoder${because}`, () => {
  it('reaches no file, socket, process or privilege, and executes no memory', () => {
    const said = execFileSync(resolve('out/test/plain/unpack-sandbox')).toString();

    const { status, ...attempts } = JSON.parse(said) as Record<string, number> & { status: unknown };
    const { clone3, 'memory above the limit': memory, 'a thread': thread, 'some memory': some, ...others } = attempts;
    expect(Object.keys(others).length).toBeGreaterThan(40);
    expect(Object.entries(others).filter(([, error]) => error !== EPERM)).toEqual([]);
    expect({ clone3, memory, thread, some }).toEqual({ clone3: ENOSYS, memory: ENOMEM, thread: 0, some: 0 });
    const none = '0000000000000000';
    expect(status).toEqual({ CapEff: none, CapPrm: none, CapBnd: none, NoNewPrivs: '1', Seccomp: '2' });
  });

  it('refuses a zstd window above the limit and names the limit', () => {
    const { code, report } = bench.decode(hostileZstd(1000), '--memory', '1000');

    expect(code).toBe(1);
    expect(report).toMatchObject({
      fault: 'memory',
      said: 'zstd: decoding takes a window of 2048 MiB, and the limit is 160 MiB',
    });
    expect(bench.decode(hostileZstd(1000))).toMatchObject({ code: 0 }); // a frame that fits into memory needs no window
  });

  it.each(['xz', 'xz in blocks'])('refuses an %s dictionary above the limit and names the limit', (its) => {
    const packing = PACKINGS.find(({ name }) => name === its)!;

    const { code, report } = bench.decode(hostileXz(bench.pack(packing)));

    expect(code).toBe(1);
    expect(report).toMatchObject({
      fault: 'memory',
      said: 'xz: decoding takes more memory than the limit of 256 MiB',
    });
  });

  it('decodes BGZF of zeros on many threads within its memory', () => {
    const members = 20_000; // 1.3 GB
    const file = Buffer.concat([...Array<Buffer>(members).fill(zeroMember()), LAST]);

    expect(bench.decode(file, '--discard', '--threads', '16')).toMatchObject({
      code: 0,
      report: { written: members * 65280 },
    });
  });

  it('decodes bzip2 of zeros on many threads within its memory', () => {
    const size = 1500 * 1024 ** 2;
    const file = execFileSync('sh', ['-c', `head --bytes=${String(size)} /dev/zero | bzip2`]);

    expect(bench.decode(file, '--discard', '--threads', '32')).toMatchObject({ code: 0, report: { written: size } });
  });

  it('calls a member of BGZF that decodes to more than its format allows damaged', () => {
    const content = Buffer.alloc(70_000);
    const deflated = deflateRawSync(content);
    const member = Buffer.concat([zeroMember().subarray(0, 18), deflated, Buffer.alloc(8)]);
    member.writeUInt16LE(member.length - 1, 16);
    member.writeUInt32LE(crc32(content), member.length - 8);
    member.writeUInt32LE(content.length, member.length - 4);

    expect(bench.decode(Buffer.concat([member, LAST]))).toMatchObject({
      code: 1,
      report: { fault: 'damaged', offset: 0 },
    });
  });
});
