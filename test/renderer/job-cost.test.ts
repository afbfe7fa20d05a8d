// What the browser lays out when a running job moves. Counted in boxes, never in time.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';

const open = oneWindow();

interface TraceEvent {
  name: string;
  args: { beginData?: { totalObjects: number } };
}

/** Boxes below the roots of each layout that Chromium does while `act` runs, as its trace tells them. */
async function laidOut(act: () => Promise<void>): Promise<number[]> {
  const browser = open.page.context().browser()!;
  let trace: Buffer = Buffer.alloc(0);
  await browser.startTracing(open.page, { categories: ['devtools.timeline'] });
  await act().finally(async () => (trace = await browser.stopTracing()));
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  return traceEvents.flatMap(({ name, args }) =>
    name === 'Layout' && args.beginData !== undefined ? [args.beginData.totalObjects] : [],
  );
}

describe('the layout of a running job', () => {
  test.each([3, 32])('new speeds of two of %d drives lay out nothing but these two', async (drives) => {
    const plan = make.plan(make.sticks(drives).map((disk) => make.endpoint(disk)));
    // The speed of all of them stays the same, because the header says it.
    const withSpeeds = (...speeds: number[]) =>
      make.job(
        plan,
        plan.destinations.map((_, i) => ({
          state: 'copying',
          written: plan.bytes / 2,
          bytesPerSecond: speeds[i] ?? 30e6,
          secondsLeft: 60,
        })),
      );
    await open.start({ state: { disks: make.sticks(4), job: withSpeeds(30e6, 36e6) } });
    const bay = open.page.getByRole('list', { name: 'Destinations' });
    await bay.getByText('36 MB/s').waitFor();
    const elements = await bay.evaluate((list) => list.querySelectorAll('*').length);

    const boxes = await laidOut(async () => {
      await open.main.push({ job: withSpeeds(33e6, 33e6) });
      await bay.getByText('33 MB/s').nth(1).waitFor();
      await sleep(100); // for the frame to be drawn
    });

    expect(boxes.length).toBeGreaterThan(0);
    expect(Math.max(...boxes)).toBeLessThan((3 * elements) / drives);
  });
});
