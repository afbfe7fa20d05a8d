// What "verified" means, through the real command line on real files and disks, with cmp as the judge.
import { spawnSync } from 'node:child_process';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { readManifest, writeManifest } from '../../../app/engine/formats/manifest.ts';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { Bench, MiB, platter, resultOf, start, stateDirectory, type Run } from './support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** True when two files are equal, by cmp. */
const same = (a: string, b: string): boolean => spawnSync('cmp', ['--silent', a, b]).status === 0;

/** The verdict on the only destination of a job, in every place where the job is kept. */
async function kept(): Promise<{ outcome: string; verdict: string; csv: string; people: string; pdf: string }> {
  const directory = await bench.directory();
  const pdf = join(directory, 'report.pdf');
  await platter(['report', 'last', '--pdf', pdf]);
  const [json, csv, people] = [
    await platter(['history', '--json']),
    await platter(['history', '--csv']),
    await platter(['history']),
  ];
  const [record] = JSON.parse(json.stdout) as { outcome: string; destinations: { verdict: string }[] }[];
  return {
    outcome: record!.outcome,
    verdict: record!.destinations[0]!.verdict,
    csv: csv.stdout.split('\r\n')[1]!,
    people: people.stdout.split('\n')[2]!,
    pdf: spawnSync('pdftotext', ['-raw', pdf, '-'], { encoding: 'utf8' }).stdout.replaceAll(/\s+/gu, ' '),
  };
}

/** A manifest of the image at `source` with the hashes of these chunks only. */
async function manifestOf(source: string, ...chunks: number[]): Promise<string> {
  const path = join(await bench.directory(), 'holes.manifest');
  expect(
    (await platter(['copy', source, join(await bench.directory(), 'whole.img'), '--manifest', path, '--yes'])).code,
  ).toBe(0);
  const manifest = await readManifest(path);
  const known = new Uint8Array(manifest.known.length);
  const hashes = new Uint8Array(manifest.hashes.length);
  for (const chunk of chunks) {
    known[chunk >> 3]! |= 1 << (chunk % 8);
    hashes.set(manifest.hashes.subarray(chunk * 16, chunk * 16 + 16), chunk * 16);
  }
  await writeManifest(path, { ...manifest, known, hashes });
  return path;
}

const verdictOf = (run: Run): unknown => {
  const { outcome, destinations } = resultOf(run);
  return {
    code: run.code,
    outcome,
    ...Object.fromEntries(['state', 'verified', 'uncompared', 'verdict'].map((name) => [name, destinations[0]![name]])),
  };
};

describe('S4 a manifest that lacks hashes', () => {
  test('S4 repair compares with the source what a manifest lacks, and rewrites what differs', async () => {
    const source = await bench.image('disk.img', 4 * MiB + 512);
    const manifest = await manifestOf(source, 0, 2);
    const copy = await bench.image('copy.img', 4 * MiB + 512, 2);
    const run = await platter(['repair', source, copy, '--manifest', manifest, '--yes', '--json']);
    expect(same(source, copy)).toBe(true);
    expect(verdictOf(run)).toEqual({
      code: 0,
      outcome: 'complete',
      state: 'done',
      verified: true,
      uncompared: 0,
      verdict: 'verified',
    });
  });

  test('S4 repair compares everything with the source when the manifest has no hash', async () => {
    const source = await bench.image('disk.img', 3 * MiB);
    const manifest = await manifestOf(source);
    const copy = await bench.image('copy.img', 3 * MiB, 2);
    const run = await platter(['repair', source, copy, '--manifest', manifest, '--yes', '--json']);
    expect(same(source, copy)).toBe(true);
    expect(verdictOf(run)).toMatchObject({ code: 0, verdict: 'verified' });
  });

  test('S4 verify says everywhere what was left out, and exits with 1', async () => {
    const source = await bench.image('disk.img', 4 * MiB + 512);
    const manifest = await manifestOf(source, 0, 2, 3);
    const copy = await bench.image('copy.img', 4 * MiB + 512);
    // The copy differs where the manifest has no hash, so the difference cannot be found.
    const bytes = await readFile(copy);
    bytes[MiB + 7]! ^= 1;
    await writeFile(copy, bytes);
    const run = await platter(['verify', '--manifest', manifest, copy, '--json']);
    expect(verdictOf(run)).toEqual({
      code: 1,
      outcome: 'partial',
      state: 'done',
      verified: null,
      uncompared: MiB + 512,
      verdict: 'partlyVerified',
    });
    const said = await kept();
    expect(said).toMatchObject({ outcome: 'partial', verdict: 'partlyVerified' });
    expect(said.csv).toContain('"verified except 1,049,088 bytes"');
    expect(said.people).toContain('verified except 1,049,088 bytes');
    expect(said.pdf).toContain('1,049,088 bytes) not compared');
    expect(said.pdf).not.toContain('Every byte');
    const people = await platter(['verify', '--manifest', manifest, copy]);
    expect(people).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${copy}: verified except 1,049,088 bytes`) as string,
    });
  });

  test('S4 verify fails by a manifest without any hash, and names that as the reason', async () => {
    const source = await bench.image('disk.img', 3 * MiB);
    const manifest = await manifestOf(source);
    const copy = await bench.image('copy.img', 3 * MiB);
    const run = await platter(['verify', '--manifest', manifest, copy, '--json']);
    expect(verdictOf(run)).toMatchObject({
      code: 3,
      outcome: 'failed',
      state: 'failed',
      verified: null,
      verdict: 'failed',
    });
    expect(resultOf(run).destinations[0]!.errors).toMatchObject([
      { code: 'BAD_FILE', message: expect.stringContaining('no hash') as string },
    ]);
    expect((await kept()).outcome).toBe('failed');
  });
});

const cannot = canLab();

describe.skipIf(cannot !== null)(`S4 a rescue${cannot === null ? '' : ` (${cannot})`}`, () => {
  test('S4 a rescue leaves a manifest with a hole, which repair fills and verify names', async () => {
    const directory = await bench.directory();
    const whole = await bench.image('whole.img', 4 * MiB);
    const failing = await bench.disk({ size: 4 * MiB, file: await bench.image('failing.img', 4 * MiB) });
    await failing.rule(`eio r ${MiB} 4K`);
    const [copy, manifest] = [join(directory, 'copy.img'), join(directory, 'm')];
    const rescued = await platter([
      'copy',
      '--rescue',
      failing.device,
      copy,
      '--manifest',
      manifest,
      '--yes',
      '--json',
    ]);
    expect(verdictOf(rescued)).toMatchObject({ code: 1, outcome: 'partial', verified: true });
    expect(same(whole, copy)).toBe(false);
    const checked = await platter(['verify', '--manifest', manifest, copy, '--json']);
    expect(verdictOf(checked)).toEqual({
      code: 1,
      outcome: 'partial',
      state: 'done',
      verified: null,
      uncompared: MiB,
      verdict: 'partlyVerified',
    });
    const repaired = await platter(['repair', whole, copy, '--manifest', manifest, '--yes', '--json']);
    expect(verdictOf(repaired)).toMatchObject({ code: 0, outcome: 'complete', verdict: 'verified' });
    expect(same(whole, copy)).toBe(true);
  });

  test('S4 a rescue that continues from a map does not vouch for what only the map has', async () => {
    const directory = await bench.directory();
    const failing = await bench.disk({ size: 4 * MiB, file: await bench.image('failing.img', 4 * MiB) });
    const [copy, map] = [join(directory, 'copy.img'), join(directory, 'map')];
    // Another program left an image and a map: the first half is said to be rescued, and is not.
    await writeFile(`${copy}.part`, seededBytes(4 * MiB, 2));
    await writeFile(map, `0x0 + 1\n0x0 0x200000 +\n0x200000 0x200000 ?\n`);
    const run = await platter(['copy', '--rescue', failing.device, copy, '--map', map, '--yes', '--json']);
    expect(verdictOf(run)).toEqual({
      code: 1,
      outcome: 'partial',
      state: 'done',
      verified: null,
      uncompared: 2 * MiB,
      verdict: 'partlyVerified',
    });
  });

  test('S4 a rescue leaves holes in its manifest where only its map says what is there', async () => {
    const directory = await bench.directory();
    const source = await bench.image('source.img', 4 * MiB);
    const copy = await bench.image('copy.img', 4 * MiB, 2);
    const [map, manifest] = [join(directory, 'map'), join(directory, 'm')];
    // The map says that all chunks but the third are rescued. In truth the copy has other data.
    await writeFile(map, '0x0 ? 1\n0x0 0x200000 +\n0x200000 0x100000 ?\n0x300000 0x100000 +\n');
    const run = await platter([
      'copy',
      '--rescue',
      '--map',
      map,
      source,
      copy,
      '--manifest',
      manifest,
      '--yes',
      '--json',
    ]);
    expect(verdictOf(run)).toMatchObject({
      code: 1,
      outcome: 'partial',
      verdict: 'partlyVerified',
      uncompared: 3 * MiB,
    });
    expect([...(await readManifest(manifest)).known]).toEqual([0b100]);
    expect(resultOf(run).notes).toContain('The manifest has no hash for 3 chunks that were not read in full.');
    // A manifest of the copy's content would match it.
    expect(verdictOf(await platter(['verify', '--manifest', manifest, copy, '--json']))).toMatchObject({
      code: 1,
      uncompared: 3 * MiB,
    });
  });

  test('S4 a rescue whose map has everything compares nothing, and is no plain success', async () => {
    const failing = await bench.disk({ size: 4 * MiB });
    const [copy, map] = [join(await bench.directory(), 'copy.img'), join(await bench.directory(), 'map')];
    await writeFile(`${copy}.part`, seededBytes(4 * MiB, 2));
    await writeFile(map, '0x0 + 1\n0x0 0x400000 +\n');
    const run = await platter(['copy', '--rescue', failing.device, copy, '--map', map, '--yes', '--json']);
    expect(verdictOf(run)).toEqual({
      code: 1,
      outcome: 'partial',
      state: 'done',
      verified: null,
      uncompared: 4 * MiB,
      verdict: 'written',
    });
  });
});

describe('S14 an image of another length than the source', () => {
  test('S14 an image that is longer than the source differs from its end on', async () => {
    const source = await bench.image('disk.img', 2 * MiB + 512);
    const copy = await bench.image('copy.img', 2 * MiB + 512);
    await appendFile(copy, Buffer.alloc(5000));
    const run = await platter(['verify', source, copy, '--json']);
    expect(verdictOf(run)).toMatchObject({
      code: 3,
      outcome: 'failed',
      state: 'failed',
      verified: false,
      verdict: 'failed',
    });
    expect(resultOf(run).destinations[0]!.errors).toMatchObject([
      { code: 'VERIFY_MISMATCH', offset: 2 * MiB + 512, length: 5000 },
    ]);
  });

  test('S14 an image that is longer than the source is cut by a repair, and keeps its name', async () => {
    const source = await bench.image('disk.img', 2 * MiB + 512);
    const copy = await bench.image('copy.img', 2 * MiB + 512);
    await appendFile(copy, Buffer.alloc(MiB, 1));
    const run = await platter(['repair', source, copy, '--yes', '--json']);
    expect(verdictOf(run)).toMatchObject({ code: 0, outcome: 'complete', verdict: 'verified' });
    expect((await stat(copy)).size).toBe(2 * MiB + 512);
    expect(same(source, copy)).toBe(true);
    expect((await platter(['verify', source, copy])).code).toBe(0);
  });

  test('S14 an image that is shorter than the source is refused for a comparison', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const copy = await bench.image('copy.img', 2 * MiB);
    await truncate(copy, MiB);
    expect(await platter(['verify', source, copy])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('1,048,576 bytes less than the source') as string,
    });
  });

  test.skipIf(cannot !== null)('S14 a disk may be larger than the source', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const disk = await bench.disk({ size: 4 * MiB });
    expect((await platter(['copy', source, disk.device, '--yes'])).code).toBe(0);
    expect(verdictOf(await platter(['verify', source, disk.device, '--json']))).toMatchObject({
      code: 0,
      verdict: 'verified',
    });
  });
});

describe('what was not proven is not called a success', () => {
  test('S8 exits with 1 and says so everywhere when the source is written to during the copy', async () => {
    const source = await bench.image('disk.img', 4 * MiB);
    const copy = join(await bench.directory(), 'copy.img');
    const running = start(['copy', source, copy, '--throttle', '2M', '--yes', '--json']);
    await running.until((stdout) => stdout.includes('"event":"progress"'));
    await writeFile(source, seededBytes(4 * MiB, 2), { flag: 'r+' });
    const run = await running.ended;
    expect(verdictOf(run)).toEqual({
      code: 1,
      outcome: 'partial',
      state: 'done',
      verified: true,
      uncompared: 0,
      verdict: 'sourceWritten',
    });
    expect(resultOf(run).sourceWritten).toBe(true);
    const said = await kept();
    expect(said).toMatchObject({ outcome: 'partial', verdict: 'sourceWritten' });
    expect(said.csv).toContain('"verified, but the source was written to during the job"');
    expect(said.people).toContain('verified, but the source was written to during the job');
    expect(said.pdf).toContain('The source was written to during the job');
  });

  test('says everywhere that a copy with --no-verify is written and not verified', async () => {
    const source = await bench.image('disk.img', 2 * MiB);
    const copy = join(await bench.directory(), 'copy.img');
    const run = await platter(['copy', source, copy, '--no-verify', '--yes', '--json']);
    expect(verdictOf(run)).toEqual({
      code: 0,
      outcome: 'complete',
      state: 'done',
      verified: null,
      uncompared: 0,
      verdict: 'written',
    });
    const said = await kept();
    expect(said.csv).toContain('"written, not verified"');
    expect(said.people).toContain('written, not verified');
    expect(said.pdf).toContain('Written, not verified');
    expect(await readFile(join(stateDirectory(), 'platter.log'), 'utf8')).toContain('copy.img written, not verified');
    expect((await platter(['copy', source, copy, '--no-verify', '--yes'])).stdout).toContain(
      'copy.img: written, not verified',
    );
  });
});
