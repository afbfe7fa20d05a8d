// The remains of a job whose engine breaks down.
import { describe, expect, it } from 'vitest';
import { verdict } from '../../../app/cli/output/job-sentences.ts';
import type { DestinationProgress, Plan } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { failure } from '../../../app/base/errors.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { tilesOf } from '../../../app/view/destination-progress.ts';
import { outcomeOf } from '../../../app/view/verdict.ts';
import { asked } from '../../requests.ts';
import { GB, mediumError, plan, play, progress, sample } from '../cli/views.ts';

const failed = failure({ code: 'HOST_FAILED', op: 'host', reason: { kind: 'hostEnded' } });
const whole = { written: 64 * GB, verified: 64 * GB };

/** A job that was in this state when its engine broke down. */
function broken(destinations: DestinationProgress[], facts: Partial<Plan> = {}): JobView {
  const started = jobStarted(plan(['/dev/sdb', '/dev/sdc'], facts), 0);
  return play(started, { event: 'error', error: mediumError }, sample(started, destinations), {
    event: 'failure',
    failure: failed,
  });
}
const states = (view: JobView): string[] => tilesOf(view).map(({ state }) => state);
const other = progress('/dev/sdc', 'verifying', { written: 64 * GB, uncompared: null });

describe('a job whose engine breaks down', () => {
  it('keeps the end of a destination that had ended, and reserves that the source may have changed', () => {
    const view = broken([progress('/dev/sdb', 'done', whole), other]);
    expect(view.result).toMatchObject({
      writeErr: 0b10,
      sourceWritten: true,
      notes: [{ kind: 'sourceUnknown', path: 'disk.img' }],
      destinations: [
        { state: 'done', verified: true, uncompared: 0, written: 64 * GB, kept: 0, errors: [] },
        { state: 'failed', verified: null },
      ],
    });
    expect(states(view)).toEqual(['sourceWritten', 'failed']);
    expect(outcomeOf(view.result!, [])).toBe('partial');
    expect(verdict(view)).toBe(
      'The engine broke down: 1 verified, but the source changed, 1 failed. Treat what failed as incomplete.',
    );
  });

  it('calls a destination failed when only its last pass was done: its image may have no name', () => {
    const view = broken([progress('/dev/sdb', 'done', { ...whole, uncompared: null }), other]);
    expect(states(view)).toEqual(['failed', 'failed']);
    expect(view.result).toMatchObject({ writeErr: 0b11, sourceWritten: false, notes: [] });
    expect(verdict(view)).toMatch(/none of the destinations/u);
  });

  it.each([
    ['was not compared at all', { kind: 'copy', verify: false }, 0, 'written'],
    ['was compared in part', { kind: 'verify' }, 512, 'partlyVerified'],
  ] as const)('calls nothing verified that %s', (_what, facts, uncompared, state) => {
    const view = broken([progress('/dev/sdb', 'done', { ...whole, uncompared }), other], {
      source: null,
      request: asked({ kind: 'verify', manifest: 'disk.manifest', destinations: ['/dev/sdb', '/dev/sdc'] }),
      ...facts,
    });
    expect(view.result?.destinations[0]).toMatchObject({ state: 'done', verified: null, uncompared });
    expect(states(view)).toEqual([state, 'failed']);
    expect(view.result?.sourceWritten).toBe(false);
  });
});
