// The whereabouts of a job's drives, from the lists of disks and the answers to ejecting.
import { expect, test } from 'vitest';
import type { AppState } from '../../app/contract/window.ts';
import { located, switchedOff } from '../../app/view/drives.ts';
import * as make from './support/fixtures.ts';

const disks = make.sticks(2);
const plan = make.plan(disks.map((disk) => make.endpoint(disk)));
const job = make.job(plan, []);
const next = (before: AppState, more: Partial<AppState>): AppState => located(before, { ...before, ...more });
const begun = next(make.appState({ disks }), { job });

test('shows a drive as there, taken out and there again, and starts afresh for another job', () => {
  expect(begun.drives).toEqual(['there', 'there']);
  expect(next(begun, { disks: [disks[1]!] }).drives).toEqual(['takenOut', 'there']);
  expect(next(next(begun, { disks: [] }), { disks }).drives).toEqual(['there', 'there']);
  expect(next(next(begun, { disks: [] }), { job: { ...job, startedAt: job.startedAt + 1 } }).drives).toEqual([
    'unlisted',
    'unlisted',
  ]);
  expect(next(begun, { job: null }).drives).toEqual([]);
});

test('keeps a drive ejected that left the list before the answer, until it comes back', () => {
  const gone = next(begun, { disks: [disks[1]!] });
  const ejected = next(gone, { drives: switchedOff(begun, gone, disks[0]!.path) });
  expect(ejected.drives).toEqual(['ejected', 'there']);
  expect(next(ejected, { disks }).drives).toEqual(['there', 'there']);
});

test('shows a drive as switched off while it is still listed, and then as ejected', () => {
  const off = next(begun, { drives: switchedOff(begun, begun, disks[0]!.path) });
  expect(next(off, { disks: [...disks] }).drives).toEqual(['switchedOff', 'there']);
  expect(next(off, { disks: [disks[1]!] }).drives).toEqual(['ejected', 'there']);
});

test('keeps the same object when nothing has changed, so that the window is not notified', () => {
  const again = next(begun, { disks: [...disks] });
  expect(again.drives).toBe(begun.drives);
  expect(next(begun, { job: { ...job, errors: [] } }).drives).toBe(begun.drives);
});
