// The history in the window: search, details, reports, and repetition with the same drives only.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import { expect, test } from 'vitest';
import type { JobRecord } from '../../app/contract/records.ts';
import { keep, type KeptRequest } from '../../app/base/kept-request.ts';
import { recordOf } from '../../app/records/record.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { changed } from '../requests.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const open = oneWindow();

const sticks = make.sticks(3);
const plan = make.plan(sticks.map((disk) => make.endpoint(disk)));

/** Three drives, the second of them failed. */
function record(startedAt: number, more: Partial<JobRecord> = {}): JobRecord {
  const error = make.writeError(1, sticks[1]!.path);
  const ends = sticks.map((_, index) =>
    make.end(plan, index, index === 1 ? { state: 'failed', verified: null, errors: [error] } : {}),
  );
  const result = make.result(plan, ends, {
    manifest: 'ab'.repeat(32),
    notes: [{ kind: 'sourceChanged', count: 4, size: 4e9 }],
  });
  return {
    ...recordOf(
      { ...make.job({ ...plan, job: null }, make.midway(plan)), startedAt, phase: 'ended', result },
      startedAt + 60_000,
    ),
    ...more,
  };
}

async function violations(): Promise<string[]> {
  await open.page.evaluate(axeSource);
  const { violations: found } = await open.page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

test.each(['light', 'dark'] as const)('finds, shows, reports and repeats a job of the history (%s)', async (scheme) => {
  // The third stick is another one of the same model today. The first is in another socket.
  const [first, second, third] = sticks as [(typeof sticks)[0], (typeof sticks)[0], (typeof sticks)[0]];
  const today = [{ ...first, path: '/dev/sdx', port: null }, second, { ...third, serial: 'OTHER-SERIAL' }];
  await open.start({ state: { disks: today }, scheme });
  const { page, main } = open;
  main.history = [
    record(Date.now() - 60_000, { name: 'Order 4711' }),
    record(Date.now() - 2 * 86_400_000),
    record(0, { kind: 'verify' }),
  ];

  await page.keyboard.press('Control+h');
  const drawer = page.getByRole('dialog', { name: 'History' });
  await drawer.getByText('3 jobs', { exact: true }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
  await drawer.getByRole('searchbox').fill('order 4711');
  await drawer.getByText('1 job', { exact: true }).waitFor();
  expect(await drawer.getByText(/2 verified and 1 failed/).count()).toBe(1);
  // The whole row is the target.
  await drawer.locator('.head').click({ position: { x: 12, y: 12 } });
  // What can be done comes before the list of drives.
  const repeat = await drawer.getByRole('button', { name: 'Repeat Order 4711' }).boundingBox();
  expect(repeat!.y).toBeLessThan((await drawer.getByText('MEDIUM_ERROR').boundingBox())!.y);
  for (const text of [
    'ab'.repeat(32),
    '4 chunks (4 GB) of the source changed',
    first.serial!,
    'USB bus 1, hub 1, port 1',
    'MEDIUM_ERROR',
  ])
    expect(await drawer.innerText()).toContain(text);
  await drawer.getByRole('button', { name: 'Command line' }).click();
  expect(await drawer.locator('code').innerText()).toMatch(/^platter copy /);
  expect(await violations()).toEqual([]);
  await open.picture(`history-${scheme}`);

  await drawer.getByRole('button', { name: 'Save as PDF: report on Order 4711' }).click();
  await drawer.getByText('Saved: /reports/report.pdf').waitFor();
  expect(main.asked('reportJobs')).toEqual([[[main.history[0]!.id], 'pdf']]);

  await drawer.getByRole('button', { name: 'Save manifest of Order 4711' }).click();
  await drawer.getByText('Saved: /reports/disk.manifest').waitFor();
  expect(main.asked('saveManifest')).toEqual([['ab'.repeat(32)]]);

  await drawer.getByRole('button', { name: 'Repeat Order 4711' }).click();
  await drawer.waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: /, \/dev\/sdx$/, checked: true }).waitFor();
  await page.getByRole('checkbox', { name: new RegExp(`, ${second.path}$`), checked: true }).waitFor();
  await page.getByRole('checkbox', { name: new RegExp(`, ${third.path}$`), checked: false }).waitFor();
  await page.getByText(/is another drive now, so it is not chosen/).waitFor();
  // Earlier messages are translated when the language changes.
  await main.push({ language: 'de' });
  await page.getByText(/ein anderes Laufwerk und wird nicht gewählt/).waitFor();
  await main.push({ language: 'en' });
  expect(open.problems).toEqual([]);
});

test('offers no repeat while a job runs', async () => {
  await open.start({ state: { disks: sticks, job: make.job(plan, make.midway(plan)) } });
  open.main.history = [record(0)];
  await open.page.getByRole('button', { name: 'History', exact: true }).click();
  const drawer = open.page.getByRole('dialog', { name: 'History' });
  await drawer.getByRole('button', { name: /^Details of/ }).click();
  expect(await drawer.getByRole('button', { name: /^Repeat/ }).count()).toBe(0);
});

test('repeats every option of a job wherever its drives are now, and says what it cannot repeat', async () => {
  const [first, second, third] = sticks as [(typeof sticks)[0], (typeof sticks)[0], (typeof sticks)[0]];
  await open.start({ state: { disks: [second, { ...first, path: '/dev/sdx', port: null }, third] } });
  const { page, main } = open;
  const odd = {
    name: 'Order 4711',
    verify: true,
    io: 'threads' as const,
    memory: 64 * 1024 ** 2,
    saveManifest: '/home/me/disk.manifest',
    keepGoing: true,
    sparse: false,
    rescue: { retries: 3, map: null },
    throttle: 50e6,
    stallTimeout: 240,
  };
  const request = changed(plan.request, {
    ...odd,
    rescue: { retries: 3, map: '/home/me/old.map' },
    sparse: true,
    assumeBlank: true,
    destinationThrottles: [20e6, null, 10e6],
  });
  main.history = [
    record(0, { name: odd.name, request: changed(request, { sparse: false, assumeBlank: false }) }),
    record(1, { name: 'Blank', request: changed(request, { rescue: null }) }),
    record(2, { kind: 'resume', name: 'Rest' }),
  ];
  const drawer = page.getByRole('dialog', { name: 'History' });
  const repeat = async (name: string): Promise<void> => {
    await page.keyboard.press('Control+h');
    await drawer.getByRole('button', { name: `Details of ${name}` }).click();
    await drawer.getByRole('button', { name: `Repeat ${name}` }).click();
    await drawer.waitFor({ state: 'detached' });
  };
  const asked = async (): Promise<KeptRequest | undefined> => {
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await expect.poll(() => main.asked('review').length).toBeGreaterThan(0);
    return main.lastRequest();
  };

  await repeat('Order 4711');
  await page.getByText('The rescue starts from the beginning, without its mapfile /home/me/old.map.').waitFor();
  await page.getByText('As in the repeated job:').waitFor();
  await open.picture('repeated');
  // In the order of the list, like the drives.
  expect(await asked()).toEqual({
    ...keep(plan.request),
    ...odd,
    destinations: [second.path, '/dev/sdx', third.path],
    destinationThrottles: [null, 20e6, 10e6],
  });
  await page.getByRole('button', { name: 'Remove these options' }).click();
  expect(await page.getByText('As in the repeated job:').count()).toBe(0);
  main.log.length = 0;
  expect(await asked()).toMatchObject({
    name: 'Order 4711',
    keepGoing: true,
    io: 'auto',
    memory: null,
    saveManifest: null,
    sparse: true,
    rescue: { retries: 1, map: null },
    destinationThrottles: [],
    stallTimeout: 60,
  });

  await repeat('Blank');
  await page.getByText('Zeros are written this time, because the drives are no longer blank.').waitFor();
  main.log.length = 0;
  expect(await asked()).toMatchObject({ assumeBlank: false, rescue: null, memory: 64 * 1024 ** 2 });
  await repeat('Rest');
  await page.getByText(/^That job continued another one\./).waitFor();
  expect(open.problems).toEqual([]);
});

test('offers the report of an ended job, and says when it could not be kept', async () => {
  const ended = {
    ...make.job(plan, make.midway(plan)),
    phase: 'ended' as const,
    result: make.result(
      plan,
      sticks.map((_, index) => make.end(plan, index)),
      { manifest: 'cd'.repeat(32) },
    ),
  };
  await open.start({ state: { disks: sticks, job: ended, record: '20261126-120000-abcdef' } });
  await open.page.getByRole('button', { name: /^Save as JSON: report on / }).click();
  await open.page.getByText('Saved: /reports/report.json').waitFor();
  expect(await violations()).toEqual([]);
  await open.picture('ended-report');
  await open.page.getByRole('button', { name: 'Job details' }).click();
  await open.page.getByText('cd'.repeat(32)).waitFor();
  await open.page.keyboard.press('Escape');
  await open.main.push({ record: null, recordError: make.failure('NO_SPACE') });
  await open.page.getByText('This job is not in the history. It is NO_SPACE.').waitFor();
});
