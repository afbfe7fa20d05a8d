// Mapfiles, judged by ddrescue and ddrescuelog: they continue from ours, and we from theirs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../../app/base/errors.ts';
import {
  bytesOf,
  formatMapfile,
  MapfileError,
  newMap,
  parseMapfile,
  ranges,
  readMapfile,
  setRange,
  writeMapfile,
  type RangeStatus,
  type RescueMap,
} from '../../../app/engine/formats/mapfile.ts';
import { canLab, labdisk, seededBytes } from '../../lab/lab.ts';

const MiB = 1024 ** 2;
const STATUSES = ['?', '*', '/', '-', '+'] as const satisfies RangeStatus[];
const folder = mkdtempSync(join(tmpdir(), 'platter-map-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const tool = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8' });
/** A mapfile without its comments. */
const facts = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n');

/** A map of 512 sectors after many changes, and what each sector is. */
function randomMap(seed: number, changes: number): { map: RescueMap; sectors: RangeStatus[] } {
  const dice = seededBytes(changes * 4, seed);
  const map = newMap(512 * 512);
  const sectors = Array.from({ length: 512 }, (): RangeStatus => '?');
  for (let roll = 0; roll < changes; roll += 1) {
    const first = dice[roll * 4]! * 2;
    const count = Math.min(512 - first, dice[roll * 4 + 1]! % 40);
    const status = STATUSES[dice[roll * 4 + 2]! % 5]!;
    setRange(map, first * 512, count * 512, status);
    sectors.fill(status, first, first + count);
  }
  return { map, sectors };
}

/** The blocks with this status, as ddrescuelog lists them. */
const blocksOf = (sectors: readonly RangeStatus[], status: RangeStatus): string =>
  sectors.flatMap((one, sector) => (one === status ? `${sector}\n` : [])).join('');

describe('a map', () => {
  it('holds the status of every sector after any change', () => {
    for (let changes = 0; changes < 120; changes += 1) {
      const { map, sectors } = randomMap(3, changes);
      for (const status of STATUSES) {
        const listed = ranges(map, status).flatMap(({ offset, length }) =>
          Array.from({ length: length / 512 }, (_, index) => offset / 512 + index),
        );
        expect(listed, `${status} after ${changes} changes`).toEqual(
          sectors.flatMap((one, sector) => (one === status ? sector : [])),
        );
        expect(bytesOf(map, status)).toBe(listed.length * 512);
      }
      const joined = map.extents.every(
        ({ status, length }, index) => length > 0 && status !== map.extents[index + 1]?.status,
      );
      expect(joined, 'neighbours differ').toBe(true);
    }
  });

  it('fills the gap with untried ranges when a map grows at either end', () => {
    const map: RescueMap = { ...newMap(0), extents: [{ offset: 1000, length: 10, status: '+' }] };
    setRange(map, 1020, 5, '-');
    setRange(map, 0, 100, '?');
    setRange(map, 1025, 5, '-');
    expect(map.extents).toEqual([
      { offset: 0, length: 1000, status: '?' },
      { offset: 1000, length: 10, status: '+' },
      { offset: 1010, length: 10, status: '?' },
      { offset: 1020, length: 10, status: '-' },
    ]);
    const low: RescueMap = { ...newMap(0), extents: [{ offset: 1000, length: 10, status: '?' }] };
    setRange(low, 10, 10, '+');
    expect(low.extents).toEqual([
      { offset: 10, length: 10, status: '+' },
      { offset: 20, length: 990, status: '?' },
    ]);
    const empty = newMap(0);
    setRange(empty, 500, 1, '+');
    expect(empty.extents).toEqual([{ offset: 500, length: 1, status: '+' }]);
  });

  it('accepts whole non-negative bytes only', () => {
    for (const [position, size] of [
      [-1, 2],
      [0.5, 1],
      [0, -1],
      [Number.MAX_SAFE_INTEGER, 1],
      [0, Number.NaN],
    ] as const) {
      expect(() => setRange(newMap(10), position, size, '+')).toThrow(RangeError);
    }
  });
});

describe('mapfiles and ddrescuelog', () => {
  it('ddrescuelog reads our mapfiles and finds the same blocks in them', async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const { map, sectors } = randomMap(seed, 60);
      await writeMapfile(at('ours'), { ...map, position: 512 * seed, status: '-', pass: seed });
      for (const status of STATUSES)
        expect(tool('ddrescuelog', `--list-blocks=${status}`, 'ours')).toBe(blocksOf(sectors, status));
      // ddrescuelog writes the same file again.
      expect(facts(tool('ddrescuelog', '--complete-mapfile', 'ours'))).toBe(facts(await readFile(at('ours'), 'utf8')));
      expect(tool('ddrescuelog', '--show-status', 'ours')).toContain('current status: retrying');
    }
  });

  it('reads mapfiles that ddrescuelog writes', async () => {
    const { map, sectors } = randomMap(77, 60);
    await writeMapfile(at('ours'), map);
    await writeFile(at('inverted'), tool('ddrescuelog', '--invert-mapfile', 'ours'));
    const inverted = await readMapfile(at('inverted'));
    expect(bytesOf(inverted, '-')).toBe(sectors.filter((one) => one === '+').length * 512);
    await writeMapfile(at('again'), inverted);
    expect(spawnSync('ddrescuelog', ['--compare-mapfile', 'inverted', 'again'], { cwd: folder }).status).toBe(0);
    expect(spawnSync('ddrescuelog', ['--compare-mapfile', 'inverted', 'ours'], { cwd: folder }).status).toBe(1);
  });

  it('ddrescuelog agrees when a rescue is finished', async () => {
    await writeMapfile(at('done'), { ...newMap(0), status: '+', extents: [{ offset: 0, length: 5120, status: '+' }] });
    expect(spawnSync('ddrescuelog', ['--done-status', 'done'], { cwd: folder }).status).toBe(0);
    await writeMapfile(at('not'), newMap(5120));
    expect(spawnSync('ddrescuelog', ['--done-status', 'not'], { cwd: folder }).status).toBe(1);
  });

  it.each([
    ['0 ? 1\n0 512 +\n512 512 +\n # text\n\n1024 010 +\t# more\n'],
    ['# nothing\n0x10 F 3\n'],
    ['0 *\n0 0777 -\n'],
    ['  0X1F  /  12 \r\n 0x200 0xABCdef01 *\r\n'],
    ['0 G 1\n0 0x40000000000 ?\n0x40000000000 1 +'],
  ])('ddrescuelog understands %j as we do', async (text) => {
    await writeFile(at('text'), text);
    const map = parseMapfile(text);
    await writeMapfile(at('ours'), map);
    expect(spawnSync('ddrescuelog', ['--show-status', 'text'], { cwd: folder }).status).toBe(0);
    expect(facts(tool('ddrescuelog', '--complete-mapfile', 'ours'))).toBe(
      facts(tool('ddrescuelog', '--complete-mapfile', 'text')),
    );
  });
});

describe.skipIf(canLab() !== null)('mapfiles and ddrescue', () => {
  it('reads the bad sectors from the mapfile of ddrescue', async () => {
    await using disk = await labdisk({ size: 4 * MiB });
    await disk.rule('eio r 1000s 3s', 'eio r 4096s 1s');
    spawnSync('ddrescue', ['-q', '-d', '--force', disk.device, 'image', 'theirs'], { cwd: folder });
    const map = await readMapfile(at('theirs'));
    expect(ranges(map, '-')).toEqual([
      { offset: 1000 * 512, length: 3 * 512 },
      { offset: 4096 * 512, length: 512 },
    ]);
    expect(bytesOf(map, '+')).toBe(4 * MiB - 4 * 512);
    expect(map.status).toBe('+');
    expect(facts(formatMapfile(map))).toBe(facts(await readFile(at('theirs'), 'utf8')));
  });

  it('reads the mapfile of an interrupted ddrescue', async () => {
    await using disk = await labdisk({ size: 4 * MiB });
    await disk.rule('eio r 2000s 500s');
    spawnSync('ddrescue', ['-q', '-d', '--no-scrape', '--no-trim', disk.device, 'part', 'unfinished'], { cwd: folder });
    const text = await readFile(at('unfinished'), 'utf8');
    const map = parseMapfile(text);
    expect(bytesOf(map, '*')).toBeGreaterThan(0);
    expect(facts(formatMapfile(map))).toBe(facts(text));
  });

  it('ddrescue continues from our mapfile: it reads what is left, and nothing else', async () => {
    const data = seededBytes(4 * MiB, 9);
    await writeFile(at('source'), data);
    await writeFile(at('copy'), Buffer.alloc(4 * MiB));
    const map = newMap(4 * MiB);
    setRange(map, 0, MiB, '+');
    setRange(map, 2 * MiB, MiB, '+');
    setRange(map, 3 * MiB, 1024, '-');
    setRange(map, 3 * MiB + 8192, 4096, '/');
    await writeMapfile(at('handed-over'), map);
    const { status } = spawnSync('ddrescue', ['-q', '--retry-passes=1', 'source', 'copy', 'handed-over'], {
      cwd: folder,
    });
    expect(status).toBe(0);
    const expected = Buffer.from(data);
    for (const { offset, length } of ranges(map, '+')) expected.fill(0, offset, offset + length);
    expect((await readFile(at('copy'))).equals(expected)).toBe(true);
    expect((await readMapfile(at('handed-over'))).extents).toEqual([{ offset: 0, length: 4 * MiB, status: '+' }]);
  });
});

describe('a file that is no mapfile', () => {
  it.each([
    ['', /no status line/],
    ['# only\n#comments\n', /no status line/],
    ['\n\n0 x 1\n', /^Line 3 .* is not a status line/],
    ['0 ? 0\n', /Line 1/],
    ['0 ? 1 2\n', /Line 1/],
    ['-1 ? 1\n', /Line 1/],
    ['0 ? 1\n0 512\n', /^Line 2 .* is not a range/],
    ['0 ? 1\n0 512 F\n', /Line 2/],
    ['0 ? 1\n0 512 + +\n', /Line 2/],
    ['0 ? 1\n0 09 +\n', /Line 2/],
    ['0 ? 1\n0 1.5 +\n', /Line 2/],
    ['0 ? 1\n# a\n0 0 +\n', /^Line 3 .* empty/],
    ['0 ? 1\n0 512 +\n1024 512 +\n', /^Line 3 .* begins at 0x400, .* 0x200/],
    ['0 ? 1\n0 512 +\n0 512 +\n', /Line 3/],
    [`0 ? 1\n0 512 \u001b[31m${'x'.repeat(1000)}\n`, /^Line 2 .{1,100}$/],
  ])('refuses the mapfile %j with the line and advice', (text, message) => {
    expect(() => parseMapfile(text)).toThrow(MapfileError);
    expect(() => parseMapfile(text)).toThrow(message);
    try {
      parseMapfile(text);
    } catch (error) {
      expect((error as MapfileError).errors[0]!.advice).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('names the file that is no mapfile', async () => {
    await writeFile(at('broken'), 'x');
    await expect(readMapfile(at('broken'))).rejects.toMatchObject({
      name: 'MapfileError',
      errors: [{ code: 'BAD_FILE', device: at('broken') }],
    });
    await expect(readMapfile('/dev/zero')).rejects.toMatchObject({ errors: [{ code: 'NOT_BLOCK_OR_FILE' }] });
  });

  it('refuses to write an invalid map', () => {
    const extents = [{ offset: 0, length: 512, status: '+' as const }];
    for (const change of [
      { pass: 0 },
      { position: -1 },
      { extents: [...extents, ...extents] },
      { extents: [{ ...extents[0]!, length: 0 }] },
    ]) {
      expect(() => formatMapfile({ ...newMap(0), extents, ...change })).toThrow(MapfileError);
    }
  });
});

it('ends a source of unknown length where numbers are exact', async () => {
  const map = parseMapfile('0 ? 1\n0 512 +\n0x200 0x7FFFFFFFFFFFFDFF ?\n');
  expect(map.extents.at(-1)).toEqual({ offset: 512, length: Number.MAX_SAFE_INTEGER - 512, status: '?' });
  await writeMapfile(at('endless'), map);
  expect(tool('ddrescuelog', '--list-blocks=+', 'endless')).toBe('0\n');
  expect(parseMapfile(formatMapfile(map))).toEqual(map);
  expect(parseMapfile('0 ? 1\n0 0x7FFFFFFFFFFFFFFE ?\n0x7FFFFFFFFFFFFFFE 1 +\n').extents).toHaveLength(1);
});

it('changes, writes and reads a map of 200,000 ranges', () => {
  const map = newMap(200_000 * 512);
  for (let sector = 0; sector < 200_000; sector += 2) setRange(map, sector * 512, 512, '-');
  expect(map.extents).toHaveLength(200_000);
  expect(parseMapfile(formatMapfile(map))).toEqual(map);
});

it('writes a mapfile whole, and refuses everything but a file', async () => {
  await symlink('/dev/null', at('null'));
  const before = await readdir(folder);
  for (const path of [at('null'), '/dev/null', folder])
    await expect(writeMapfile(path, newMap(1))).rejects.toThrow(Refusal);
  expect(await readdir(folder)).toEqual(before);
});
