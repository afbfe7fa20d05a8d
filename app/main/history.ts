// The window's side of the history: keeps ended jobs, finds jobs, and saves reports where the user says.
import type { SaveDialogOptions } from 'electron';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from '../contract/errors.ts';
import type { ReportForm } from '../contract/limits.ts';
import type { FoundJobs, JobRecord } from '../contract/records.ts';
import type { JobView } from '../contract/window.ts';
import { outcome } from '../base/errors.ts';
import { History } from '../records/history.ts';
import { recordOf } from '../records/record.ts';
import { saveReport } from '../records/report.ts';
import { search } from '../records/search.ts';
import { language, say } from '../words/speech.ts';
import { choosePlace } from './dialogs.ts';

/** Most records in one answer, and most errors of each end in them. Nobody reads more. */
const MOST_FOUND = 200;
const MOST_ERRORS = 3;

const history = new History();

/** Keeps an ended job; gives its id. */
export const keepJob = (view: JobView): Promise<Outcome<string>> =>
  outcome(async () => {
    const record = recordOf(view, Date.now());
    await history.add(record);
    return record.id;
  });

/** The jobs that contain every word of `query`, newest first. */
export const findJobs = (query: string): Promise<Outcome<FoundJobs>> =>
  outcome(async () => {
    const { records, unreadable } = await history.all();
    const found = search(records, query);
    return { records: found.slice(0, MOST_FOUND).map(brief), found: found.length, unreadable };
  });

/** The job `id`, as `findJobs` gives it. */
export const findJob = (id: string): Promise<Outcome<JobRecord>> => outcome(async () => brief(await history.get(id)));

/** The newest `most` jobs. Empty when the history cannot be read; its drawer reports that. */
export async function newestJobs(most: number): Promise<JobRecord[]> {
  const found = await outcome(() => history.newest(most));
  return found.ok ? found.value : [];
}

/** The last job that ended; null when there is no readable one. */
export async function lastJob(): Promise<JobRecord | null> {
  const last = await outcome(() => history.get('last'));
  return last.ok ? last.value : null;
}

/** Asks where to save the report on these jobs, and writes it. Gives its path; null when cancelled. */
export const reportJobs = (ids: readonly string[], form: ReportForm): Promise<Outcome<string | null>> =>
  outcome(async () => {
    const records = await Promise.all(ids.map((id) => history.get(id)));
    const path = await choosePlace(placeOf(records, form));
    if (path !== null) await saveReport(path, form, records, language());
    return path;
  });

function placeOf(records: readonly JobRecord[], form: ReportForm): SaveDialogOptions {
  const name = records.length === 1 ? `platter-${records[0]!.id}.${form}` : `platter-history.${form}`;
  return {
    title: say('history.save'),
    defaultPath: join(homedir(), name),
    filters: [{ name: form.toUpperCase(), extensions: [form] }],
  };
}

const brief = (record: JobRecord): JobRecord => ({
  ...record,
  errors: record.errors.slice(0, MOST_ERRORS),
  destinations: record.destinations.map((destination) => ({
    ...destination,
    errors: destination.errors.slice(0, MOST_ERRORS),
  })),
});
