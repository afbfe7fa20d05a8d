// The whereabouts of a job's drives, from the lists of disks and the answers to ejecting.
import { expect, test } from 'vitest';
import type { AppState } from '../../app/contract/window.ts';
import { drivesOf, located, switchedOff } from '../../app/view/drives.ts';
import { tilesOf } from '../../app/view/destination-progress.ts';
import { removalOf } from '../../app/view/removal.ts';
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

test('gives a drive without a serial number to the destination that joined last, and takes the one before for taken out', () => {
  const stick = make.disk('/dev/sdb', { serial: null });
  const plain = make.plan([make.endpoint(stick)]);
  const first = next(make.appState({ disks: [stick] }), { job: make.job(plain, []) });
  const two = make.plan([make.endpoint(stick), make.endpoint(stick)]);

  const joined = next(first, { job: make.job(two, []), disks: [{ ...stick }] });

  expect(drivesOf(two.destinations, [stick])).toEqual([undefined, stick]);
  expect(joined.drives).toEqual(['takenOut', 'there']);
  expect(switchedOff(joined, joined, stick.path)).toEqual(['takenOut', 'switchedOff']);
});

test('takes a drive without a serial number that came later to the same place for another one', () => {
  const stick = make.disk('/dev/sdb', { serial: null, diskSequence: 7 });
  const end = make.endpoint(stick);

  expect(drivesOf([end], [stick])).toEqual([stick]);
  expect(drivesOf([end], [{ ...stick, diskSequence: 9 }])).toEqual([undefined]);
  const known = make.disk('/dev/sdb', { diskSequence: 7 });
  const again = { ...known, path: '/dev/sdc', diskSequence: 9 };
  expect(drivesOf([make.endpoint(known)], [again])).toEqual([again]);
});

test('has a finished drive taken out once it is let go, ejected first when it is mounted again, and not when it is out', () => {
  const done = { state: 'done', written: plan.bytes, verified: plan.bytes } as const;
  const [held, free, failed] = tilesOf(
    make.job(make.plan(make.sticks(3).map((disk) => make.endpoint(disk))), [
      done,
      { ...done, letGo: true },
      { state: 'failed', letGo: true },
    ]),
  );
  const mounted = { ...disks[1]!, mountedAt: ['/media/x'] };

  expect(removalOf(held!, 'there', disks[0])).toBeNull();
  expect(removalOf(failed!, 'there', undefined)).toBeNull();
  expect(removalOf(free!, 'there', disks[1])).toBe('takeOut');
  expect(removalOf(free!, 'there', mounted)).toBe('ejectFirst');
  expect(removalOf(free!, 'takenOut', undefined)).toBe('out');
  expect(removalOf(free!, 'ejected', undefined)).toBe('out');
});
