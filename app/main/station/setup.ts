// Joins the station with the jobs, the window and the clock.
import type { Jobs } from '../jobs.ts';
import type { WindowUser } from '../person.ts';
import { followWindow, isOnScreen } from '../window.ts';
import { sourceIdentity } from './source.ts';
import { Station } from './station.ts';

/** The station over `jobs`. `changed` is called after each change of its state. */
export function setupStation(jobs: Jobs, person: WindowUser, changed: () => void): Station {
  const station = new Station({
    state: () => jobs.state,
    begin: (request, objections) => jobs.begin(request, objections),
    giveUp: () => jobs.dismissReview(),
    join: (path, objections) => jobs.joins.addAgreed(path, objections),
    giveUpJoin: () => jobs.joins.giveUp(),
    source: (path) => sourceIdentity(path, jobs.state.disks),
    agreed: (proposal) => person.agreedToStation(proposal),
    isVisible: isOnScreen,
    changed,
    now: () => Date.now(),
    after: (milliseconds, act) => {
      const timer = setTimeout(act, milliseconds);
      return () => clearTimeout(timer);
    },
  });
  const nothing = (): void => undefined;
  followWindow({
    input: nothing,
    shown: () => station.windowShown(),
    blurred: nothing,
    pageGone: () => station.stop({ kind: 'stationPage' }),
  });
  return station;
}
