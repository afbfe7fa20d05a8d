// A source that is read completely before its job, for its size or as a check: the step, its progress, and Cancel.
import { expect, test } from 'vitest';
import { endpoint, job, plan } from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { drives } from './support/running-job.ts';

const open = oneWindow();

test.each(['light', 'dark'] as const)('is shown while a request is checked, and given up (%s)', async (scheme) => {
  await open.start({ state: { disks: drives, reading: { why: 'size', done: 43, of: 100 } }, scheme });
  const bar = open.page.getByRole('progressbar', { name: 'Unpacking the file once to find the size of the image' });
  expect(await bar.getAttribute('aria-valuenow')).toBe('43');
  await open.picture(`reading-${scheme}`);
  await open.page.getByRole('button', { name: 'Cancel' }).click();
  expect(open.main.names()).toEqual(['dismissReview']);
});

test('is shown in place of the total while a job starts', async () => {
  const of = plan(drives.slice(0, 3).map((drive) => endpoint(drive)));
  await open.start({ state: { disks: drives } });
  await open.main.push({
    job: job(of, [{ state: 'waiting' }, { state: 'waiting' }, { state: 'waiting' }]),
    reading: { why: 'check', done: 1, of: 4 },
  });
  await open.page.getByRole('progressbar', { name: 'Checking all of the file first' }).waitFor();
  expect(await open.page.getByRole('progressbar', { name: 'Whole job' }).count()).toBe(0);
  await open.picture('reading-job');
  await open.page.getByRole('button', { name: 'Cancel' }).click();
  await open.page.getByRole('button', { name: 'Stop', exact: true }).click();
  expect(open.main.asked('cancel')).toEqual([[null]]);
});

test('names the drive that does not answer while a request is checked, and is given up', async () => {
  await open.start({ state: { disks: drives, slow: drives[0]!.path } });

  await open.page.getByText(/^Waiting for .+ \(sdb\) to answer\./).waitFor();
  await open.page.getByRole('button', { name: 'Cancel' }).click();

  expect(open.main.names()).toEqual(['dismissReview']);
});
