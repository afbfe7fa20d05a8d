// The decoder of packed images, on files that other people's tools made: whole, cut off, damaged, and with something
// behind.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cmake, decoderLacks } from '../../../build/native.mjs';
import { seededBytes } from '../../lab/lab.ts';

const missing = decoderLacks();
const because = missing.length === 0 ? '' : ` (without ${missing.join(', ')}: install the -dev packages)`;

/** How each tool packs FILE to standard output. A tool that is not installed is left out. */
const PACKED = {
  xz: 'xz -1 -c FILE',
  'xz in blocks': 'xz -1 --block-size=300000 -T2 -c FILE',
  gzip: 'gzip -1 -c FILE',
  bgzip: 'bgzip -c FILE',
  bzip2: 'bzip2 -1 -c FILE',
  zstd: 'zstd -q -1 -c FILE',
  pzstd: 'pzstd -q -1 -c FILE',
  lz4: 'lz4 -q -1 -c FILE',
} as const;

const folder = mkdtempSync(join(tmpdir(), 'platter-unpack-'));
const image = join(folder, 'disk.img');
// What packs well, what does not, and what repeats over a long distance.
const content = Buffer.concat([seededBytes(400_000, 1), Buffer.alloc(1_000_001), seededBytes(400_000, 1)]);
const program = resolve('out/native/plain/platter-unpack');

beforeAll(async () => {
  if (missing.length > 0) return;
  writeFileSync(image, content);
  await cmake('plain', ['platter-unpack']);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

const has = (command: string): boolean => spawnSync('which', [command.split(' ')[0]!]).status === 0;
const pack = (command: string): Buffer => execFileSync('sh', ['-c', command.replace('FILE', image)]);

/** Decodes `bytes`, from a file that can be seeked. Gives the image and the last report. */
function decoded(bytes: Uint8Array): { code: number | null; out: Buffer; report: Record<string, unknown> } {
  const path = join(folder, 'packed');
  writeFileSync(path, bytes);
  const command = `exec "${program}" decode < "${path}" 3> "${path}.report"`;
  const { status, stdout } = spawnSync('sh', ['-c', command], { maxBuffer: 64 * 1024 ** 2 });
  const last = readFileSync(`${path}.report`, 'utf8').trim().split('\n').at(-1)!;
  return { code: status, out: stdout, report: JSON.parse(last) as Record<string, unknown> };
}

describe.skipIf(missing.length > 0)(`a packed image${because}`, () => {
  describe.each(Object.entries(PACKED).filter(([, command]) => has(command)))('of %s', (_name, command) => {
    it('decodes to what was packed, and every byte of it was checked', () => {
      const bytes = pack(command);

      const { code, out, report } = decoded(bytes);

      expect(code).toBe(0);
      expect(out.equals(content)).toBe(true);
      expect(report).toMatchObject({ event: 'done', read: bytes.length, written: content.length, checked: true });
    });

    it('is truncated when its end is missing', () => {
      const bytes = pack(command);

      const { code, report } = decoded(bytes.subarray(0, bytes.length - 5));

      expect(code).toBe(1);
      expect(report).toMatchObject({ event: 'error', fault: 'truncated' });
    });

    it('is damaged when one bit of it is', () => {
      const bytes = pack(command);
      // Within what does not pack: elsewhere another code can stand for the same bytes.
      const at = Math.floor(bytes.length / 4);
      bytes[at] = bytes[at]! ^ 4;

      const { code, report } = decoded(bytes);

      expect(code).toBe(1);
      expect(report).toMatchObject({ event: 'error', fault: 'damaged' });
    });

    it('may be followed by zeros, which are counted, and by nothing else', () => {
      const bytes = pack(command);

      const padded = decoded(Buffer.concat([bytes, Buffer.alloc(1024)]));
      const followed = decoded(Buffer.concat([bytes, Buffer.from('and more')]));

      expect(padded.report).toMatchObject({ event: 'done', zeros: 1024 });
      expect(followed.report).toMatchObject({ event: 'error', fault: 'trailing', offset: bytes.length });
    });
  });
});
