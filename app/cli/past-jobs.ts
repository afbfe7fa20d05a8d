// Ended jobs: their list, and their reports.
import { resolve } from 'node:path';
import { REPORT_FORMS } from '../contract/limits.ts';
import { Answers } from '../base/slow-answers.ts';
import { refuse } from '../base/errors.ts';
import { placeOf } from '../base/paths.ts';
import { exportManifest } from '../engine/job/made-manifests.ts';
import { replaces } from '../engine/admission/given-files.ts';
import { stateDir } from '../base/state-folder.ts';
import { recordsCsv } from '../records/csv.ts';
import { History } from '../records/history.ts';
import { recordToKeep } from '../records/record.ts';
import { saveReport } from '../records/report.ts';
import { search } from '../records/search.ts';
import type { Actions } from './commands.ts';
import { EXIT } from './output/exit-code.ts';
import { historyLines } from './output/history-lines.ts';
import { forTerminal, paint, refusals, stillWaiting, printResult } from './output/speech.ts';
import { printableJson, printableLines } from './output/text.ts';
import { asking } from './with-engine.ts';

const { stdout } = process;

/** Waits for a read from the state folder, and tells the user when it is slow. */
const kept = <T>(work: Promise<T>): Promise<T> => new Answers(0, stillWaiting).of(stateDir(), work);

/** `platter history`. */
export const history: Actions['history'] = (words, { json, csv }) =>
  asking(refusals(json), async () => {
    const { records, unreadable } = await kept(new History().all());
    const found = search(records, words.join(' '));
    if (csv)
      return printResult(stdout.isTTY ? forTerminal(printableLines(recordsCsv(found), '\r\n')) : recordsCsv(found));
    if (json) return printResult(`${printableJson(found.map(recordToKeep), 2)}\n`);
    const lines = historyLines(found, unreadable, paint, words.length > 0);
    return printResult(`${forTerminal(lines.join('\n'))}\n`);
  });

/** `platter report`. */
export const report: Actions['report'] = (id, files, yes) =>
  asking(refusals(false), async () => {
    const named = Object.values(files).flatMap((file) => (file === null ? [] : [resolve(file)]));
    const paths = await Promise.all(named.map(placeOf));
    paths.filter((path, index) => paths.indexOf(path) < index).forEach(refuseTwice);
    const record = await kept(new History().get(id));
    for (const file of Object.values(files))
      if (!yes && file !== null && (await replaces(resolve(file)))) refuseTaken(file);
    for (const form of REPORT_FORMS) if (files[form] !== null) await saveReport(resolve(files[form]), form, [record]);
    if (files.manifest !== null)
      await exportManifest(stateDir(), record.manifest ?? noManifest(), resolve(files.manifest));
    return EXIT.allGood;
  });

const refuseTwice = (device: string): never =>
  refuse({
    code: 'DUPLICATE',
    op: 'check',
    device,
    reason: { kind: 'namedTwice' },
    remedy: { kind: 'said', text: 'Name a file for each form of the report.' },
  });

const refuseTaken = (device: string): never =>
  refuse({
    code: 'CONFIRM',
    op: 'check',
    device,
    reason: { kind: 'said', text: 'It is there already.' },
    remedy: { kind: 'said', text: 'Name another file, or add --yes to replace it.' },
  });

const noManifest = (): never =>
  refuse({
    code: 'NOTHING_TO_DO',
    op: 'check',
    reason: { kind: 'said', text: 'This job has made no manifest: it did not read all of its source.' },
    remedy: { kind: 'remakeManifest' },
  });
