// The images that jobs of the history read last. The page names a job, never a path. The list is made without opening
// files: their folders tell whether they still exist.
import type { Outcome } from '../contract/errors.ts';
import type { JobRecord } from '../contract/records.ts';
import { entryOf } from '../contract/request-facts.ts';
import type { RecentImage } from '../contract/window.ts';
import { errnoOf, failureOf, hasStalled, outcome, Refusal, refuse } from '../base/errors.ts';
import { isFileSilent, statOf } from '../base/silent-files.ts';
import { linkIn } from './downloads.ts';

/** The number of images to offer, and of jobs to search for them. */
const MOST = 5;
const MOST_JOBS = 100;

/** The recent images, and the only way to choose one. */
export class RecentImages {
  readonly #jobs: (most: number) => Promise<JobRecord[]>;
  readonly #changed: () => void;
  #current: RecentImage[] = [];
  #questions = 0;

  /** `jobs` gives the newest jobs of the history, newest first; `changed` receives every change of `current`. */
  constructor(jobs: (most: number) => Promise<JobRecord[]>, changed: () => void) {
    this.#jobs = jobs;
    this.#changed = changed;
  }

  /** Newest first. */
  get current(): RecentImage[] {
    return this.#current;
  }

  /** Reads the history again. When answers overlap, the one to the last question counts. */
  async refresh(): Promise<void> {
    if (isFileSilent()) return;
    const question = ++this.#questions;
    const images: RecentImage[] = [];
    for (const image of imagesOf(await this.#jobs(MOST_JOBS))) {
      const found = await outcome(() => lookedUp(image));
      if (!found.ok && hasStalled(found.errors)) break;
      if (found.ok) images.push(found.value);
      if (images.length === MOST) break;
    }
    if (question !== this.#questions) return;
    this.#current = images;
    this.#changed();
  }

  /** The image that the job `job` read, with its current state. Refused when it is not in the list, or gone. */
  async take(job: string): Promise<Outcome<RecentImage>> {
    const found = await outcome(() => lookedUp(this.#current.find((image) => image.job === job) ?? notOffered(job)));
    if (!found.ok) void this.refresh();
    return found;
  }
}

/** The images that these jobs read, each once. */
function imagesOf(jobs: readonly JobRecord[]): RecentImage[] {
  const images = new Map<string, RecentImage>();
  for (const { id, source, origin, request, startedAt } of jobs) {
    if (source?.kind !== 'file') continue;
    const image = {
      job: id,
      path: source.path,
      origin,
      entry: entryOf(request),
      size: source.size,
      usedAt: Date.parse(startedAt),
      isThere: true,
    };
    const key = JSON.stringify([image.path, image.entry]);
    if (!images.has(key)) images.set(key, image);
  }
  return [...images.values()];
}

/**
 * The image with the current facts about its file. Rejects with a Refusal when the file is gone and cannot be
 * downloaded again.
 */
async function lookedUp(image: RecentImage): Promise<RecentImage> {
  const { path, origin } = image;
  try {
    const found = await statOf(path);
    if (found.isFile()) return { ...image, size: found.size, isThere: true };
    return refuse({ code: 'NOT_BLOCK_OR_FILE', op: 'open', device: path, reason: { kind: 'neither' } });
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    if (origin !== null && (await linkIn(origin)) !== null) return { ...image, isThere: false };
    throw new Refusal([failureOf(error, 'open', path, 'file')]);
  }
}

const notOffered = (id: string): never =>
  refuse({ code: 'NOTHING_TO_DO', op: 'check', reason: { kind: 'noRecordOf', id } });
