// Commands that ask the engine without running a job: lists of disks and of interrupted jobs.
import { refuse } from '../base/errors.ts';
import { isUrl, keyOf, readUrl, shownUrl } from '../download/addresses.ts';
import { downloadsDir } from '../download/download-folder.ts';
import { removeLeft } from '../download/left-downloads.ts';
import { removeForgotten } from '../download/remove-download.ts';
import type { Actions } from './commands.ts';
import { diskTable } from './output/disk-table.ts';
import { EXIT } from './output/exit-code.ts';
import { jobLines } from './interrupted.ts';
import { diskFacts } from './output/json.ts';
import { screenOf } from './output/streams.ts';
import { forTerminal, paint, refusals, stillWaiting, printResult } from './output/speech.ts';
import { printableJson } from './output/text.ts';
import { asking, withEngine } from './with-engine.ts';

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
 * `platter forget`: forgets the job, and removes its download unless another job needs it. Of a URL, removes what a
 * stopped download has left.
 */
export const forget: Actions['forget'] = (name, options) =>
  isUrl(name) ? forgetDownload(name, options) : forgetJob(name, options);

const forgetDownload: Actions['forget'] = (text, { json }) =>
  asking(refusals(json), async () => {
    const url = readUrl(text);
    if (!(await removeLeft(downloadsDir(), keyOf(url))))
      refuse({
        code: 'NOTHING_TO_DO',
        op: 'check',
        device: shownUrl(url),
        reason: { kind: 'said', text: 'No stopped download of it is left.' },
      });
    return EXIT.allGood;
  });

const forgetJob: Actions['forget'] = (name, { json }) =>
  withEngine(refusals(json), async (engine) => {
    const { download } = await engine.call('forget', { job: name });
    await removeForgotten(download);
    return EXIT.allGood;
  });
