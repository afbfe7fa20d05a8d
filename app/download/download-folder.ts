// The folders of downloads. Each download has a private one with its file and its record, so that the same command can
// continue it and an interrupted job still finds its source.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm, rmdir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../base/durable-file.ts';
import { errnoOf, Refusal, refuse } from '../base/errors.ts';
import { asJson } from '../base/json.ts';
import { makeFolder, userFolder } from '../base/state-folder.ts';
import { processTime } from './process-time.ts';
import { unwritten } from './faults.ts';
import { conditionOf, type Validators } from './answers.ts';
import type { Start } from './resuming-transfer.ts';

/** The names of the other files in the folder. */
const FACTS = 'platter-download.json';
const LOCK = 'lock';
/** The suffix of the file's name until it is complete. */
const PART = '.part';

/** The record of a download. */
const facts = z.strictObject({
  format: z.literal('platter-download'),
  version: z.literal(1),
  /** Its URL without secrets. */
  origin: z.string(),
  /** Name of the file. */
  name: z.string().regex(/^(?!\.{1,2}$)[^/\0]{1,255}$/u),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  length: z.int().nonnegative().nullable(),
  /** The file is complete. */
  isWhole: z.boolean(),
  /** The user wants to keep the file after the job. */
  isKept: z.boolean(),
});
type Facts = z.infer<typeof facts>;

/** The default folder of downloads. */
export const downloadsDir = (env: NodeJS.ProcessEnv = process.env): string =>
  join(userFolder(env.XDG_CACHE_HOME, '.cache'), 'downloads');

/** The folder of one download, locked for this process until it is closed. */
export class DownloadFolder {
  /** Absolute. */
  readonly folder: string;
  #facts: Facts;
  #file: FileHandle | null = null;

  private constructor(folder: string, known: Facts) {
    this.folder = folder;
    this.#facts = known;
  }

  /**
   * Opens the folder `key` in `directory`, creating it if needed, and its file. Rejects with a Refusal when another
   * Platter uses it, or when it is not our own private folder.
   */
  static async open(
    directory: string,
    key: string,
    name: string,
    origin: string,
    isKept: boolean,
  ): Promise<DownloadFolder> {
    const folder = join(directory, key);
    try {
      await ownFolder(directory, folder);
      await lock(folder);
      const known = await readFacts(folder);
      const place = new DownloadFolder(folder, {
        format: 'platter-download',
        version: 1,
        name,
        etag: null,
        lastModified: null,
        length: null,
        isWhole: false,
        ...(known?.name === name ? known : {}),
        origin,
        isKept: isKept || known?.isKept === true,
      });
      await place.#openFile();
      return place;
    } catch (error) {
      throw errnoOf(error) === null ? error : new Refusal([unwritten(error, folder)]);
    }
  }

  /** Path of the complete file. */
  get path(): string {
    return join(this.folder, this.#facts.name);
  }

  /** The user wants to keep the file after the job. */
  get isKept(): boolean {
    return this.#facts.isKept;
  }

  /** The open file. */
  get descriptor(): number {
    return this.#file!.fd;
  }

  /** The part of the file that the download can continue from. */
  async start(): Promise<Start> {
    const { etag, lastModified, length, isWhole } = this.#facts;
    const { size } = await this.#file!.stat();
    const isUsable = (etag !== null || lastModified !== null) && (isWhole || length === null || size <= length);
    if (isUsable) return { has: size, isWhole: isWhole && size > 0, etag, lastModified, length };
    await this.#file!.truncate(0);
    return { has: 0, isWhole: false, etag: null, lastModified: null, length: null };
  }

  /** Free bytes in this folder. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder);
    return bavail * bsize;
  }

  /** Writing begins of a file with these validators. */
  async begins({ etag, lastModified, length }: Validators): Promise<void> {
    if (this.#facts.isWhole) await rename(this.path, this.#part);
    await this.#keep({ etag, lastModified, length, isWhole: false });
  }

  /** Marks the file as complete, durably. Gives its path. */
  async finish(): Promise<string> {
    await this.#file!.sync();
    if (!this.#facts.isWhole) await rename(this.#part, this.path);
    await this.#keep({ isWhole: true });
    await this.close();
    return this.path;
  }

  /** Unlocks the folder. Its files stay. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    await unlessAbsent(unlink(join(this.folder, LOCK)));
  }

  /** Removes the download. */
  async remove(): Promise<void> {
    await this.close();
    await removeAll(this.folder, this.#facts.name);
  }

  get #part(): string {
    return `${this.path}${PART}`;
  }

  async #openFile(): Promise<void> {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const path = this.#facts.isWhole ? this.path : this.#part;
    try {
      this.#file = await open(path, O_RDWR | O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // The user has removed it.
      this.#facts = { ...this.#facts, etag: null, lastModified: null, length: null, isWhole: false };
      this.#file = await open(this.#part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    }
    const stats = await this.#file.stat();
    if (!stats.isFile() || stats.nlink > 1) await this.close().then(() => notOurs(path));
  }

  async #keep(change: Partial<Facts>): Promise<void> {
    this.#facts = { ...this.#facts, ...change };
    await writeFacts(this.folder, this.#facts);
  }
}

/** A unique name for a folder. */
export const newKey = (): string => randomBytes(16).toString('hex');

/** A complete download. */
export interface Downloaded {
  /** The user wants to keep it after the job. */
  isKept: boolean;
  /** Decides whether it stays after its job. */
  keep(isKept: boolean): Promise<void>;
  /** Removes it, unless the user wants to keep it. True when it is gone. */
  remove(): Promise<boolean>;
}

/** The download whose file is at `path`; null for any other file. */
export async function downloadAt(path: string): Promise<Downloaded | null> {
  const folder = dirname(path);
  const known = await readFacts(folder);
  if (known?.name !== basename(path) || !known.isWhole) return null;
  return {
    isKept: known.isKept,
    keep: (isKept) => writeFacts(folder, { ...known, isKept }),
    remove: async () => {
      if (known.isKept) return false;
      await removeAll(folder, known.name);
      return true;
    },
  };
}

/** A download that is not complete. */
export interface Incomplete {
  /** Its URL without secrets. */
  origin: string;
  /** Name of the file when it is complete. */
  name: string;
  /** Bytes in the file so far. */
  bytes: number;
  /** Bytes of the whole file; null when the server did not say. */
  length: number | null;
  /** The server has marked the version of the file, so that the rest can be asked for. */
  isMarked: boolean;
  /** In milliseconds since the epoch. */
  changedAt: number;
}

/** The incomplete download in `folder`; null when there is none. */
export async function incompleteIn(folder: string): Promise<Incomplete | null> {
  const known = await readFacts(folder);
  if (known === null || known.isWhole) return null;
  const { origin, name, length, etag, lastModified } = known;
  try {
    const { size, mtimeMs } = await lstat(join(folder, `${name}${PART}`));
    const isMarked = conditionOf({ etag, lastModified }) !== null;
    return { origin, name, bytes: size, length, isMarked, changedAt: mtimeMs };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return null;
  }
}

/** Removes the complete download in `folder`, even one that the user keeps. False when there is none. */
export async function removeWhole(folder: string): Promise<boolean> {
  const known = await readFacts(folder);
  if (known?.isWhole !== true) return false;
  await removeAll(folder, known.name);
  return true;
}

/** True while a process downloads into `folder`. */
export const isInUse = async (folder: string): Promise<boolean> =>
  (await holderOf(join(folder, LOCK)))?.isRunning === true;

/** Creates the folder of a download. Throws a Refusal when another user owns it. */
async function ownFolder(directory: string, folder: string): Promise<void> {
  await makeFolder(directory);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const stats = await lstat(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) notOurs(folder);
}

const notOurs = (device: string): never =>
  refuse({
    code: 'NOT_PERMITTED',
    op: 'write',
    device,
    reason: { kind: 'downloadsNotOwn' },
    remedy: { kind: 'otherDownloadFolder' },
  });

const writeFacts = (folder: string, known: Facts): Promise<void> =>
  replaceFile(join(folder, FACTS), [Buffer.from(`${JSON.stringify(known)}\n`)]);

async function readFacts(folder: string): Promise<Facts | null> {
  try {
    return facts.safeParse(asJson(await readFile(join(folder, FACTS), 'utf8'))).data ?? null;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null; // no download, or not one of ours
  }
}

/**
 * Locks a folder for this process. Takes over the lock of a process that has ended. Throws a Refusal while that runs.
 */
async function lock(folder: string): Promise<void> {
  const path = join(folder, LOCK);
  const own = `${String(process.pid)} ${processTime(process.pid) ?? ''}\n`;
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(own).finally(() => file.close());
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder === null) continue;
    if (holder.isRunning)
      refuse({ code: 'IN_USE', op: 'open', device: folder, reason: { kind: 'downloadInUse', pid: holder.pid } });
    await unlessAbsent(unlink(path));
  }
}

/** The process that made the lock at `path`; null when there is no lock. */
async function holderOf(path: string): Promise<{ pid: string; isRunning: boolean } | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return null;
  });
  if (text === null) return null;
  const [pid = '', time = ''] = text.trim().split(' ');
  return { pid, isRunning: time !== '' && processTime(Number(pid)) === time };
}

/** Removes the files of a download, and its folder unless that has other files. */
async function removeAll(folder: string, name: string): Promise<void> {
  for (const each of [name, `${name}${PART}`, FACTS, LOCK]) await unlessAbsent(rm(join(folder, each)));
  try {
    await rmdir(folder);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function unlessAbsent(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
