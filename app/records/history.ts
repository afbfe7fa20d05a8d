// The history: a file for each ended job, in the state folder of the user who started it. The user's window and command
// line share it. Records never change and files are complete or missing, so there is no locking. The oldest are
// removed.
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatterError } from '../contract/errors.ts';
import type { JobRecord } from '../contract/records.ts';
import { readPlainFile, replaceFile } from '../base/durable-file.ts';
import { errnoOf, failure, failureOf, nullIfRefused, Refusal, refuse } from '../base/errors.ts';
import { makeFolder, stateDir } from '../base/state-folder.ts';
import { recordSchema, recordToKeep } from './record.ts';

/** Keep this many records. */
const MOST = 1000;
const MOST_BYTES = 64 * 1024 ** 2;
const NAME = /^(\d{8}-\d{6}-[0-9a-f]{6})\.json$/;

/** The records found, newest first, and the number of unreadable files. */
export interface Found {
  records: JobRecord[];
  unreadable: number;
}

/** The records in a state folder. */
export class History {
  readonly #folder: string;
  readonly #most: number;
  /** Records read before, by id. They never change. */
  readonly #known = new Map<string, JobRecord>();

  constructor(state = stateDir(), most = MOST) {
    this.#folder = join(state, 'history');
    this.#most = most;
  }

  /** Keeps a record, durably. Rejects with a Refusal when it cannot be stored. */
  async add(record: JobRecord): Promise<void> {
    try {
      await makeFolder(this.#folder);
      await replaceFile(this.#path(record.id), [writtenRecord(record)]);
    } catch (error) {
      throw this.#refusal(error, 'write');
    }
    this.#known.set(record.id, record);
    for (const id of (await this.#ids()).slice(this.#most)) await this.#remove(id);
  }

  /** All records. Rejects with a Refusal when the folder cannot be read; unreadable files are only counted. */
  async all(): Promise<Found> {
    const ids = await this.#ids();
    for (const id of this.#known.keys()) if (!ids.includes(id)) this.#known.delete(id);
    const records = (await Promise.all(ids.map((id) => this.get(id).catch(nullIfRefused)))).filter(
      (record) => record !== null,
    );
    return { records, unreadable: ids.length - records.length };
  }

  /** The newest `most` records, without unreadable ones. Rejects with a Refusal when the folder cannot be read. */
  async newest(most: number): Promise<JobRecord[]> {
    const ids = (await this.#ids()).slice(0, most);
    const records = await Promise.all(ids.map((id) => this.get(id).catch(nullIfRefused)));
    return records.filter((record) => record !== null);
  }

  /** One record; "last" is the newest. Rejects with a Refusal when it does not exist or is invalid. */
  async get(id: string): Promise<JobRecord> {
    const meant = id === 'last' ? ((await this.#ids())[0] ?? noRecord(id)) : id;
    const known = this.#known.get(meant);
    if (known !== undefined) return known;
    const record = await readRecord(this.#path(meant)).catch((error: unknown) => {
      if (error instanceof Refusal && error.errors[0]?.code === 'NOT_FOUND') noRecord(meant);
      throw error;
    });
    this.#known.set(meant, record);
    return record;
  }

  #path(id: string): string {
    return NAME.test(`${id}.json`) ? join(this.#folder, `${id}.json`) : noRecord(id);
  }

  /** Newest first. */
  async #ids(): Promise<string[]> {
    try {
      const names = await readdir(this.#folder);
      return names
        .flatMap((name) => NAME.exec(name)?.[1] ?? [])
        .sort()
        .reverse();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw this.#refusal(error, 'read');
    }
  }

  async #remove(id: string): Promise<void> {
    this.#known.delete(id);
    await unlink(this.#path(id)).catch((error: unknown) => {
      // Another Platter has removed it.
      if (errnoOf(error) !== 'ENOENT') throw this.#refusal(error, 'write');
    });
  }

  #refusal(error: unknown, op: 'read' | 'write'): unknown {
    if (error instanceof Refusal) return new Refusal(error.errors.map(withOtherFolder));
    if (errnoOf(error) === null) return error;
    const known = failureOf(error, op, this.#folder, 'file');
    const reason = known.errno === 'ENOTDIR' ? ({ kind: 'notAFolder', path: this.#folder } as const) : known.reason;
    return new Refusal([withOtherFolder({ ...known, reason })]);
  }
}

const withOtherFolder = (error: PlatterError): PlatterError =>
  failure({ ...error, remedy: { kind: 'otherStateFolder' } });

/** A record as stored in a file. */
export const writtenRecord = (record: JobRecord): Buffer =>
  Buffer.from(`${JSON.stringify(recordToKeep(record), null, 2)}\n`);

async function readRecord(path: string): Promise<JobRecord> {
  const bytes = await readPlainFile(path, MOST_BYTES);
  const parsed = recordSchema.safeParse(jsonOf(bytes));
  if (parsed.success) return parsed.data;
  return refuse({ code: 'BAD_FILE', op: 'read', device: path, reason: { kind: 'noRecord' } });
}

/** The parsed JSON; undefined, which no schema accepts, when it is not JSON. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const noRecord = (id: string): never =>
  refuse({
    code: 'NOTHING_TO_DO',
    op: 'check',
    reason: id === 'last' ? { kind: 'historyEmpty' } : { kind: 'noRecordOf', id },
    remedy: { kind: 'listHistory' },
  });
