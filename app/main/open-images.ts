// The images that the window has opened as files, until they are closed. The page names an image that it may read, or a
// job, and later only a folder that is in this list.
import { firstPiece } from '../contract/image-formats.ts';
import type { Outcome, PlatterError } from '../contract/errors.ts';
import type { ClosedFolder, OpenedFile, OpenedFolder, OpenImage } from '../contract/opened-images.ts';
import type { JobRecord } from '../contract/records.ts';
import { errnoOf, failure, Refusal } from '../base/errors.ts';
import { isFileSilent, statOf } from '../base/silent-files.ts';

/** The parts of main that opening needs. */
export interface Opener {
  open(path: string, entry: string | null): Promise<Outcome<OpenedFolder>>;
  close(folder: string): Promise<Outcome<ClosedFolder>>;
  /** Shows a folder in the file manager. Gives its error; empty when there is none. */
  show(folder: string): Promise<string>;
  /** Called after every change of `current`. */
  changed(): void;
}

/** The open images, and the only ways to change them. */
export class OpenImages {
  readonly #opener: Opener;
  #current: OpenImage[] = [];

  constructor(opener: Opener) {
    this.#opener = opener;
  }

  /** In the order of opening. */
  get current(): OpenImage[] {
    return this.#current;
  }

  /** Opens an image, unless it is open, and shows its largest file system in the file manager. */
  async open(path: string, entry: string | null): Promise<Outcome<null>> {
    const isIt = (image: OpenImage): boolean => image.path === path && image.entry === entry;
    if (!this.#current.some(isIt)) {
      const opened = await this.#opener.open(path, entry);
      if (!opened.ok) return opened;
      this.#set([...this.#current, { ...opened.value, path, entry }]);
    }
    const { files } = this.#current.find(isIt)!;
    const largest = files.filter(isShown).toSorted((one, other) => other.bytes - one.bytes)[0];
    return largest === undefined ? { ok: true, value: null } : this.#show(largest.mounted);
  }

  /** Shows a file system of an open image in the file manager. Refused when it is not shown anywhere. */
  show(folder: string, partition: number | null): Promise<Outcome<null>> {
    const file = this.#current
      .find((image) => image.folder === folder)
      ?.files.find((each) => each.partition === partition);
    return file !== undefined && isShown(file) ? this.#show(file.mounted) : Promise.resolve(refused(notOpen(folder)));
  }

  async #show(folder: string): Promise<Outcome<null>> {
    const said = await this.#opener.show(folder);
    if (said === '') return { ok: true, value: null };
    return refused(
      failure({ code: 'NOT_FOUND', op: 'open', device: folder, reason: { kind: 'noFileManager', folder, said } }),
    );
  }

  /** Closes an open image. Refused when something still uses it. */
  async close(folder: string): Promise<Outcome<null>> {
    if (!this.#current.some((image) => image.folder === folder)) return refused(notOpen(folder));
    const closed = await this.#opener.close(folder);
    const errors = closed.ok ? closed.value.errors : closed.errors;
    // It may have been closed by `platter unmount`.
    const isGone = errors.length === 0 || errors.every(({ reason }) => reason.kind === 'notOpened');
    if (!isGone) return { ok: false, errors };
    this.#set(this.#current.filter((image) => image.folder !== folder));
    return { ok: true, value: null };
  }

  /** Closes all of them. Gives those that something still uses. */
  async closeAll(): Promise<OpenImage[]> {
    for (const { folder } of this.#current) await this.close(folder);
    return this.#current;
  }

  #set(images: OpenImage[]): void {
    this.#current = images;
    this.#opener.changed();
  }
}

const isShown = (file: OpenedFile): file is OpenedFile & { mounted: string } => file.mounted !== null;
const refused = (error: PlatterError): Outcome<never> => ({ ok: false, errors: [error] });
const notOpen = (folder: string): PlatterError =>
  failure({ code: 'NOT_FOUND', op: 'check', device: folder, reason: { kind: 'notOpened' } });

/** The indices of a job's destinations that are complete images and still exist; not those after one that is silent. */
export async function imagesOf({ destinations }: Pick<JobRecord, 'destinations'>): Promise<number[]> {
  const found: number[] = [];
  for (const [index, { kind, state, path }] of destinations.entries()) {
    if (kind !== 'file' || state !== 'done') continue;
    if (isFileSilent()) break;
    if ((await exists(path)) || (await exists(firstPiece(path)))) found.push(index);
  }
  return found;
}

/** False for a file on a file system that does not answer. */
async function exists(path: string): Promise<boolean> {
  try {
    return (await statOf(path)).isFile();
  } catch (error) {
    if (error instanceof Refusal || errnoOf(error) !== null) return false;
    throw error;
  }
}
