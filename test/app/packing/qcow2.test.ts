// The tables of a qcow2 image, judged by QEMU's tools on clusters that are so short that they need many tables.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { clusterFor, endOfQcow2 } from '../../../app/engine/packing/qcow2.ts';
import { seededBytes } from '../../lab/lab.ts';
import { lacks } from '../parsers/source-files.ts';

const skip = lacks('qemu-img');
const folder = mkdtempSync(join(tmpdir(), 'platter-qcow2-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Places for frames one after the other behind the first cluster; one as long as a cluster is aligned. */
function placed(frames: readonly Buffer[], cluster: number): { file: Buffer; offsets: Float64Array; end: number } {
  const parts: Buffer[] = [Buffer.alloc(cluster)];
  let end = cluster;
  const put = (bytes: Buffer): void => {
    parts.push(bytes);
    end += bytes.length;
  };
  const align = (): void => put(Buffer.alloc((cluster - (end % cluster)) % cluster));
  const offsets = Float64Array.from(frames, (frame) => {
    if (frame.length === cluster) align();
    const offset = end;
    put(frame);
    return offset;
  });
  align();
  return { file: Buffer.concat(parts), offsets, end };
}

/** Writes a disk of `chunks` as a qcow2 image, and as raw one. */
function written(
  name: string,
  chunks: readonly Buffer[],
  cluster: number,
  size: number,
): { image: string; raw: string } {
  const frames = chunks.map((chunk) => {
    if (chunk.every((byte) => byte === 0)) return Buffer.alloc(0);
    const packed = zstdCompressSync(chunk);
    return packed.length < cluster ? packed : chunk;
  });
  const { file, offsets, end } = placed(frames, cluster);
  const closing = endOfQcow2({ sizes: Uint32Array.from(frames, ({ length }) => length), offsets, end, cluster, size });
  closing.start.copy(file);
  const [image, raw] = [join(folder, `${name}.qcow2`), join(folder, `${name}.img`)];
  writeFileSync(image, Buffer.concat([file, closing.end]));
  writeFileSync(raw, Buffer.concat(chunks).subarray(0, size));
  return { image, raw };
}

const qemu = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

describe.skipIf(skip !== null)(`tables of a qcow2 image${skip === null ? '' : ` (${skip})`}`, () => {
  it.each([512, 4096])('are right for every kind of cluster, of %i bytes', (cluster) => {
    // Of 512 bytes: 32 KiB for a table of the second level, 128 KiB of the file for a block of counts.
    const chunks = Array.from({ length: 1200 }, (_, index) => {
      if (index % 5 === 0 || (index > 300 && index < 600)) return Buffer.alloc(cluster);
      return index % 3 === 0 ? seededBytes(cluster, index) : Buffer.alloc(cluster, seededBytes(16, index));
    });
    const size = 1200 * cluster - (cluster === 512 ? 0 : 512);

    const { image, raw } = written(`all-${cluster}`, chunks, cluster, size);

    expect(qemu('check', '-f', 'qcow2', image)).toContain('No errors were found');
    qemu('compare', '-f', 'raw', '-F', 'qcow2', raw, image);
    expect(readFileSync(image).length % cluster).toBe(0);
  });

  it('have a name for the feature that an older QEMU does not know', () => {
    const { image } = written('named', [Buffer.alloc(4096, 1)], 4096, 4096);

    const bytes = readFileSync(image);

    expect(bytes.subarray(122, 138).toString()).toBe('compression type');
  });
});

describe('the length of a cluster', () => {
  it('is short enough for a virtual machine, unless the disk is so large that the tables would be too', () => {
    expect(clusterFor(2 ** 40)).toBe(256 * 1024);
    expect(clusterFor(2 ** 40 + 512)).toBeNull();
  });
});
