// What a station needs of the rest of main.
import type { Outcome, PlatterError } from '../../contract/errors.ts';
import type { CopyRequest } from '../../contract/request.ts';
import type { StationProposal } from '../../contract/station.ts';
import type { AppState } from '../../contract/window.ts';
import type { Objections } from '../gate.ts';

/** What a station needs of the rest of main. */
export interface StationWork {
  state(): Pick<AppState, 'disks' | 'disksError' | 'job' | 'record' | 'recordError'>;
  /** Checks and starts a job, unless the plan meets with objections. */
  begin(request: CopyRequest, objections: Objections): Promise<Outcome<null>>;
  /** Gives up a check that `begin` has not finished. */
  giveUp(): Promise<void>;
  /** Checks the disk at `path` for the running job and adds it, unless its plan meets with objections. */
  join(path: string, objections: Objections): Promise<Outcome<null>>;
  /** Gives up a check that `join` has not finished. The job goes on. */
  giveUpJoin(): Promise<void>;
  /** Identity of the source at this path; null when it is gone. */
  source(path: string): Promise<string | null>;
  /** null when the person has agreed to this station. */
  agreed(proposal: StationProposal): Promise<PlatterError | null>;
  /** The window is on the screen, so that its countdown can be seen. */
  isVisible(): boolean;
  /** The state of the station is another one. */
  changed(): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `act` later; gives a function that prevents it. */
  after(milliseconds: number, act: () => void): () => void;
}
