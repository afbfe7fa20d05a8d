// Commands that ask the engine without running a job: lists of disks and of interrupted jobs.
import { join } from 'node:path';
import { refuse } from '../base/errors.ts';
import { isUrl, keyOf, readUrl, shownUrl } from '../download/addresses.ts';
import { downloadsDir, removeWhole } from '../download/download-folder.ts';
import { removeLeft } from '../download/left-downloads.ts';
import { removeForgotten } from '../download/remove-download.ts';
import type { Actions } from './commands.ts';
import { diskTable } from './output/disk-table.ts';
import { EXIT } from './output/exit-code.ts';
import { jobLines, leftLines } from './interrupted.ts';
import { diskFacts } from './output/json.ts';
import { screenOf } from './output/streams.ts';
import { forTerminal, paint, refusals, stillWaiting, printResult } from './output/speech.ts';
import { printableJson } from './output/text.ts';
import { withEngine } from './with-engine.ts';

const { stdout } = process;

/** `platter list`. */
export const list: Actions['list'] = ({ all, json }) =>
  withEngine(refusals(json), async (engine) => {
    const disks = await engine.call('list', { all });
    const table = (): string => diskTable(disks, stdout.isTTY ? screenOf(stdout).width : Infinity, paint).join('\n');
    return printResult(`${json ? printableJson(disks.map(diskFacts), 2) : forTerminal(table())}\n`);
  });

/** `platter jobs`. */
export const jobs: Actions['jobs'] = ({ json }) =>
  withEngine(refusals(json), async (engine) => {
    engine.onWaiting(stillWaiting);
    const interrupted = await engine.call('jobs', {});
    return printResult(
      `${json ? printableJson(interrupted, 2) : forTerminal(jobLines(interrupted, paint).join('\n'))}\n`,
    );
  });

/**
 * `platter forget`: forgets the job, and removes its download unless another job needs it. Of a URL, removes the
 * download, whole or not.
 */
export const forget: Actions['forget'] = (name, options) =>
  isUrl(name) ? forgetDownload(name, options) : forgetJob(name, options);

const forgetDownload: Actions['forget'] = (text, { json }) =>
  withEngine(refusals(json), async (engine) => {
    const url = readUrl(text);
    const device = shownUrl(url);
    const needed = (await engine.call('jobs', {})).find(({ source }) => source === device);
    if (needed !== undefined)
      refuse({
        code: 'IN_USE',
        op: 'check',
        device,
        reason: { kind: 'said', text: `The interrupted job ${needed.id} needs this download.` },
        remedy: { kind: 'said', text: `Resume that job, or forget it first: platter forget ${needed.id}` },
      });
    const [directory, id] = [downloadsDir(), keyOf(url)];
    if (!(await removeLeft(directory, id)) && !(await removeWhole(join(directory, id))))
      refuse({
        code: 'NOTHING_TO_DO',
        op: 'check',
        device,
        reason: { kind: 'said', text: 'No download of it is there.' },
        remedy: { kind: 'said', text: 'Nothing has to be removed.' },
      });
    return EXIT.allGood;
  });

const forgetJob: Actions['forget'] = (name, { json }) =>
  withEngine(refusals(json), async (engine) => {
    const { download, left } = await engine.call('forget', { job: name });
    await removeForgotten(download);
    if (json) return printResult(`${printableJson({ left }, 2)}\n`);
    return printResult(
      forTerminal(
        leftLines(left)
          .map((line) => `${line}\n`)
          .join(''),
      ),
    );
  });
