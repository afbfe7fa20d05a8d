// Complaints about other programs that must not apply here: no cause, no place, two verdicts, stuck at 99 %.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../app/contract/errors.ts';
import type { DestinationProgress, DestinationResult, DestinationState } from '../../app/contract/jobs.ts';
import type { JobView } from '../../app/contract/window.ts';
import { BY_CODE } from '../../app/contract/remedies.ts';
import { headline, totalOf } from '../../app/view/total-progress.ts';
import { isBad, isGood, tilesOf } from '../../app/view/destination-progress.ts';
import { catalogues } from '../../app/words/speech.ts';
import { nextStep } from '../../renderer/job-sentences.ts';
import * as make from './support/fixtures.ts';
import { oneWindow, type OneWindow } from './support/one-window.ts';

const open = oneWindow();

const drives = (n: number) => make.plan(make.sticks(n).map((disk) => make.endpoint(disk)));
const show = async (job: JobView): Promise<OneWindow> => {
  await open.start({ state: { disks: [], job } });
  return open;
};

describe('complaint 4: something went wrong', () => {
  const codes = Object.keys(BY_CODE) as ErrorCode[];

  test('says for every error what happened, what to do and its code, on the tile and in its details', async () => {
    const of = drives(Math.min(codes.length, 32));
    const told = codes.slice(0, 32);
    const job = make.job(
      of,
      of.destinations.map(() => ({ state: 'failed' })),
      {
        errors: told.map((code, index) => make.writeError(index, of.destinations[index]!.path, { code })),
      },
    );
    const { page } = await show(job);
    for (const [index, code] of told.entries()) {
      const tile = page.locator('.tile').nth(index);
      await tile.getByRole('button').click();
      const drawer = page.getByRole('dialog');
      const text = await drawer.innerText();
      expect(text, code).toContain(code);
      expect(text, code).toMatch(/sector 26,001,408/);
      expect(await drawer.locator('.note p').count(), 'what happened, what to do, the facts').toBe(3);
      for (const line of await drawer.locator('.note p').allInnerTexts()) expect(line.trim(), code).not.toBe('');
      await page.keyboard.press('Escape');
    }
  });

  test('never says only that something went wrong, in any language', () => {
    const all = Object.values(catalogues).flatMap((catalogue) =>
      Object.values(catalogue).flatMap((part) => Object.values<string>(part)),
    );
    const vague = [
      /something went wrong|unknown error/i,
      /etwas ist schief|unbekannter fehler/i,
      /une erreur est survenue|erreur inconnue/i,
    ];
    for (const message of all) for (const words of vague) expect(message).not.toMatch(words);
  });
});

test('complaint 8: says where a verification failed', async () => {
  const of = drives(2);
  const error = make.writeError(1, '/dev/sdc', {
    code: 'VERIFY_MISMATCH',
    op: 'verify',
    side: 'verify',
    errno: null,
    offset: 12_582_912,
    length: 1_048_576,
    message: 'What was read back at 12.6 GB is not what was written.',
    advice: 'Replace it.',
  });
  const { page } = await show(make.job(of, [{}, { state: 'failed', written: of.bytes }], { errors: [error] }));
  expect(await page.locator('.tile').nth(1).innerText()).toContain('sector 24,576');
  await page.getByRole('button', { name: 'Details of sdc' }).click();
  const text = await page.getByRole('dialog').innerText();
  for (const part of ['byte 12,582,912', 'sector 24,576', '1,048,576 bytes', 'VERIFY_MISMATCH'])
    expect(text).toContain(part);
});

describe('complaint 9: success and failure together', () => {
  const states: DestinationState[] = [
    'waiting',
    'comparing',
    'copying',
    'flushing',
    'verifying',
    'repairing',
    'paused',
    'stalled',
    'done',
    'failed',
    'cancelled',
  ];
  const of = drives(1);
  const total = of.bytes;
  const samples: Partial<DestinationProgress>[] = states.flatMap((state) =>
    [0, total].flatMap((verified) => [0, total].map((written) => ({ state, written, verified }))),
  );
  const ends: Partial<DestinationResult>[] = (['done', 'failed', 'cancelled'] as const).flatMap((state) =>
    [true, false, null].map((verified) => ({ state, verified })),
  );

  /**
   * Every sample with every end, with and without an error, read back or not; and after the engine host has failed before
   * it had decided the end.
   */
  const jobs = samples.flatMap((sample) =>
    [true, false].flatMap((verify) =>
      [true, false].flatMap((errs): JobView[] => {
        const plan = { ...of, verify };
        const errors = errs ? [make.writeError(0, '/dev/sdb')] : [];
        const running = make.job(plan, [sample], { errors });
        return [
          running,
          make.broken(make.job(plan, [{ ...sample, uncompared: null }], { errors })),
          ...ends.map((end): JobView => {
            const result = make.result(plan, [make.end(plan, 0, { ...end, errors })]);
            return { ...running, phase: 'ended', result };
          }),
        ];
      }),
    ),
  );

  test(`gives one verdict in each of ${jobs.length} situations, and every line of the screen agrees with it`, () => {
    for (const job of jobs) {
      const tiles = tilesOf(job);
      const [tile] = tiles;
      const situation = JSON.stringify([
        job.phase,
        job.progress.destinations[0],
        job.result?.destinations[0],
        job.failure?.code,
      ]);
      expect(isGood(tile!) && isBad(tile!), situation).toBe(false);
      const counted = headline(tiles);
      expect((counted.match(/verified|failed|removed/g) ?? []).length, situation).toBeLessThanOrEqual(1);
      const next = nextStep(job, tiles);
      if (isBad(tile!)) expect(`${counted} ${next}`, situation).not.toMatch(/\d verified|taken out|ready/);
      if (isGood(tile!)) expect(`${counted} ${next}`, situation).not.toMatch(/failed|removed|aside|only part/);
      if (job.failure !== null) expect(isGood(tile!), situation).toBe(false);
      if (job.result?.destinations[0]?.verified === false || job.result?.destinations[0]?.state === 'failed')
        expect(isGood(tile!), situation).toBe(false);
    }
  });

  test('shows one word, shape and colour a tile, a header that adds up, and each drive in one group only', async () => {
    const plan = drives(11);
    const { page } = await show(
      make.job(
        plan,
        states.map((state) => ({ state, written: plan.bytes / 2, verified: 0 })),
        { errors: [make.writeError(9, '/dev/sdk')] },
      ),
    );
    const tiles = await page.locator('.tile').evaluateAll((all) =>
      all.map((tile) => ({
        state: tile.getAttribute('data-state') ?? '',
        word: tile.querySelector('h2')?.textContent ?? '',
        shapes: [
          ...new Set([...tile.querySelectorAll('svg[data-glyph]')].map((svg) => svg.getAttribute('data-glyph'))),
        ],
        text: tile.textContent,
      })),
    );
    for (const { state, word, shapes, text } of tiles) {
      expect(shapes, word).toEqual([state]);
      const said = ['Verified', 'Written, not verified', 'Failed', 'Removed', 'Cancelled'].filter((verdict) =>
        text.includes(verdict),
      );
      expect(said.length, text).toBeLessThanOrEqual(1);
    }
    const counts = await page.locator('header h2 .count').allInnerTexts();
    expect(counts.reduce((sum, text) => sum + Number(/\d+/.exec(text)?.[0]), 0)).toBe(tiles.length);
  });
});

describe('complaint 11: stuck at 99 %', () => {
  const of = drives(1);
  const tile = (sample: Partial<DestinationProgress>) => tilesOf(make.job(of, [sample]))[0]!;

  test('names a flush without a percentage, and never shows 100 before the end', () => {
    expect(tile({ state: 'flushing', written: of.bytes })).toMatchObject({ percent: null, state: 'flushing' });
    expect(tile({ state: 'copying', written: of.bytes - 1 }).percent).toBe(99);
    expect(totalOf(tilesOf(make.job(of, [{ state: 'flushing', written: of.bytes }])))).toBe(0.5);
    expect(
      totalOf(tilesOf(make.job(of, [{ state: 'verifying', written: of.bytes, verified: of.bytes - 1 }]))),
    ).toBeLessThan(1);
  });

  test('calls a drive that does not answer stalled, with what to do, whatever its percentage', async () => {
    const { page } = await show(make.job(of, [{ state: 'stalled', written: of.bytes - 1 }]));
    expect(await page.locator('.tile h2').innerText()).toBe('No answer');
    await page.getByText('sdb (hub 1 · 1) does not answer: check cable and port.').waitFor();
    await page.getByRole('heading', { name: '1 not answering' }).waitFor();
  });
});
