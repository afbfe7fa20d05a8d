// The files that the user gave to this session: in main's own dialogs, by dropping them on the window, on the command
// line, or in an earlier job. The page names paths, but only these are accepted.
import type { Disk } from '../contract/disks.ts';
import type { PlatterError } from '../contract/errors.ts';
import type { Plan } from '../contract/jobs.ts';
import {
  destinationsOf,
  givenManifest,
  mapOf,
  newManifest,
  proofFiles,
  sourceOf,
  writes,
} from '../contract/request-facts.ts';
import type { JobRequest } from '../contract/request.ts';
import type { JobRecord } from '../contract/records.ts';
import { failure } from '../base/errors.ts';

/** Paths that the page may name in a request. They are compared literally: another spelling is another path. */
export class Grants {
  readonly #readable = new Set<string>();
  readonly #writable = new Set<string>();
  readonly #links = new Set<string>();

  /** The user gave this file for reading. */
  read(path: string): void {
    this.#readable.add(path);
  }

  /** The user gave this file for writing, which includes reading. */
  write(path: string): void {
    this.#writable.add(path);
  }

  /** The user gave this link. */
  link(link: string): void {
    this.#links.add(link);
  }

  /** True when the user gave this link. */
  hasLink(link: string): boolean {
    return this.#links.has(link);
  }

  /** The user repeats this job: one from their history, or the plan of an interrupted job. */
  job({ source, destinations, request }: Pick<JobRecord | Plan, 'source' | 'destinations' | 'request'>): void {
    for (const path of [source?.path ?? null, givenManifest(request)]) if (path !== null) this.read(path);
    for (const path of [...destinations.map((end) => end.path), newManifest(request), mapOf(request)])
      if (path !== null) this.write(path);
  }

  /** Gives a refusal for each path in `request` that is neither a listed disk nor a file given for that use. */
  refusals(request: JobRequest, disks: readonly Disk[]): PlatterError[] {
    const listed = new Set(disks.map(({ path }) => path));
    const source = sourceOf(request);
    const files = destinationsOf(request)
      .map(({ path }) => path)
      .filter((path) => !listed.has(path));
    const isWritten = writes(request.kind);
    const toRead = [
      source !== null && listed.has(source) ? null : source,
      givenManifest(request),
      ...proofFiles(request),
      ...(isWritten ? [] : files),
    ];
    const toWrite = [newManifest(request), mapOf(request), ...(isWritten ? files : [])];
    return [
      ...toRead.filter((path) => path !== null && !this.isReadable(path)),
      ...toWrite.filter((path) => path !== null && !this.#writable.has(path)),
    ].map(notGiven);
  }

  /** True when the user gave this file, for reading or writing. */
  isReadable(path: string): boolean {
    return this.#readable.has(path) || this.#writable.has(path);
  }
}

/** The refusal for a file that the user did not give. */
export const notGiven = (device: string | null): PlatterError =>
  failure({ code: 'NOT_PERMITTED', op: 'check', device, reason: { kind: 'notGiven' }, remedy: { kind: 'giveFile' } });
