// The output of `--json`: one object a line on stdout and nothing else there. Scripts rely on these shapes.
import type { JobError, PlatterError } from '../../contract/errors.ts';
import type {
  DestinationProgress,
  DestinationResult,
  Endpoint,
  JobProgress,
  JobResult,
  Plan,
  RescueProgress,
  PartUse,
} from '../../contract/jobs.ts';
import type { JobView } from '../../contract/window.ts';
import type { Bay, Port } from '../../contract/bays.ts';
import type { Disk } from '../../contract/disks.ts';
import { english } from '../../base/english.ts';
import { keep, type KeptRequest } from '../../base/kept-request.ts';
import { continuable } from '../../view/continuable.ts';
import { outcomeOf, verdictOf, type Outcome, type Verdict } from '../../view/verdict.ts';
import { asTyped, requestAsTyped } from './typed-paths.ts';

/** Where something is plugged in: "USB bus 1, hub 2, port 3". */
type PortFacts = Pick<Port, 'path'> & { label: string; bay: Bay | null };

/** One end of a job, with its contents in words. */
export type EndpointFacts = Omit<Endpoint, 'contents' | 'port'> & { contents: string[]; port: PortFacts | null };

/** The checked request, before anything is written. */
export type PlanLine = { event: 'plan' } & Omit<Plan, 'source' | 'destinations' | 'notes' | 'parts' | 'request'> & {
    source: EndpointFacts | null;
    destinations: EndpointFacts[];
    notes: string[];
    parts?: (Omit<PartUse, 'whole'> & { whole: string | null })[];
    request: KeptRequest;
  };

/** A disk, with the reason in words when it cannot be written. */
export type DiskFacts = Omit<Disk, 'locked' | 'port'> & {
  locked: { code: ErrorFacts['code']; reason: string } | null;
  port: PortFacts | null;
};

/** A sample, about ten a second. Sizes in bytes. */
export interface ProgressLine {
  event: 'progress';
  /** Read from the source. */
  bytes: number;
  /** The current state of a rescue; null for another job. */
  rescue: RescueProgress | null;
  /** `uncompared` is 0 until the destination has ended. */
  destinations: (DestinationProgress & { uncompared: number })[];
}

/** An error as in a result, without the event's name. */
export interface ErrorFacts {
  /** null when no transfer failed: the job was refused, or the engine broke down. */
  side: 'read' | 'write' | 'verify' | null;
  /** As the user gave it; null when no single device is at fault. */
  path: string | null;
  code: PlatterError['code'];
  /** The kernel's name of the errno ("EIO"); null without one. */
  errno: string | null;
  /** In bytes on `path`; null, like `length`, without a place. */
  offset: number | null;
  length: number | null;
  message: string;
  advice: string;
}

export type ErrorLine = { event: 'error' } & ErrorFacts;

/** The last line of a job that was started. A refused job prints only its errors, with exit code 2. */
export interface ResultLine extends Pick<
  JobResult,
  'readErr' | 'writeErr' | 'seconds' | 'bytes' | 'manifest' | 'rescue' | 'sourceWritten' | 'mapped'
> {
  event: 'result';
  /** How the job ended; the exit code says the same, unless the engine broke down. */
  outcome: Outcome;
  notes: string[];
  /** The id for `platter resume`; null when there is nothing to resume. */
  job: string | null;
  destinations: (Omit<DestinationResult, 'errors'> & {
    /** How it ended, all things considered. */ verdict: Verdict;
    errors: ErrorFacts[];
  })[];
}

export type JsonLine = PlanLine | ProgressLine | ErrorLine | ResultLine;

export const planLine = ({ parts, ...plan }: Plan): PlanLine => ({
  event: 'plan',
  ...plan,
  source: plan.source === null ? null : endpointFacts(plan.source),
  destinations: plan.destinations.map(endpointFacts),
  notes: plan.notes.map(english.note),
  ...(parts === undefined ? {} : { parts: parts.map(partFacts) }),
  request: keep(requestAsTyped(plan.request)),
});

/** How much of a partition is copied, with the reason in words when it is all of it. */
export const partFacts = ({ whole, ...part }: PartUse): NonNullable<PlanLine['parts']>[number] => ({
  ...part,
  whole: whole === null ? null : english.reason(whole),
});

const endpointFacts = (end: Endpoint): EndpointFacts => ({
  ...end,
  path: asTyped(end.path),
  contents: end.contents.map(english.content),
  port: portFacts(end.port),
});

const portFacts = (port: Port | null): PortFacts | null =>
  port === null ? null : { path: port.path, label: english.port(port), bay: port.bay };

/** A disk as in `list --json`. */
export const diskFacts = (disk: Disk): DiskFacts => ({
  ...disk,
  port: portFacts(disk.port),
  locked: disk.locked === null ? null : { code: disk.locked.code, reason: english.reason(disk.locked.reason) },
});

export const progressLine = ({ bytes, rescue, destinations }: JobProgress): ProgressLine => ({
  event: 'progress',
  bytes,
  rescue,
  destinations: destinations.map((destination) => ({
    ...destination,
    uncompared: destination.uncompared ?? 0,
    path: asTyped(destination.path),
  })),
});

export const errorLine = (error: PlatterError | JobError): ErrorLine => ({ event: 'error', ...errorFacts(error) });

/** The line for `result`, which ended `view`. */
export const resultLine = (result: JobResult, view: JobView): ResultLine => ({
  event: 'result',
  outcome: outcomeOf(result, view.plan.notes),
  readErr: result.readErr,
  writeErr: result.writeErr,
  seconds: Math.round(result.seconds * 1000) / 1000,
  bytes: result.bytes,
  manifest: result.manifest,
  rescue: result.rescue,
  sourceWritten: result.sourceWritten,
  ...(result.mapped === undefined ? {} : { mapped: result.mapped }),
  notes: result.notes.map(english.note),
  job: continuable(view),
  destinations: result.destinations.map((destination) => ({
    ...destination,
    path: asTyped(destination.path),
    verdict: verdictOf(destination, result),
    errors: destination.errors.map(errorFacts),
  })),
});

/** An error as in a line of its own, without the event's name. */
export function errorFacts(error: PlatterError | JobError): ErrorFacts {
  const { device, code, errno, offset, length, message, advice } = error;
  const path = device === null ? null : asTyped(device);
  return { side: 'side' in error ? error.side : null, path, code, errno, offset, length, message, advice };
}
