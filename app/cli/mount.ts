// `platter mount` and `platter unmount`: an image as files, without a copy of it.
import { failure, outcome } from '../base/errors.ts';
import { isUrl } from '../download/addresses.ts';
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import { canShow, hasFileSystem, showFileSystems } from '../engine/serving/file-systems.ts';
import { openImage } from '../engine/serving/image-folder.ts';
import { closeImage } from '../engine/serving/opened.ts';
import type { Actions } from './commands.ts';
import { EXIT } from './output/exit-code.ts';
import { errorFacts } from './output/json.ts';
import { mountLines, rightsHint } from './output/mount-lines.ts';
import { forTerminal, paint, printNotice, printResult, refusals } from './output/speech.ts';
import { printableJson } from './output/text.ts';
import { rootCommand } from './rights.ts';

export const mount: Actions['mount'] = async (path, folder, { entry, json }) => {
  if (path === STANDARD_INPUT || isUrl(path)) {
    refusals(json)([elsewhere(path)]);
    return EXIT.refused;
  }
  const opened = await outcome(() => openImage(path, folder, entry));
  if (!opened.ok) {
    refusals(json)(opened.errors);
    return EXIT.refused;
  }
  const files = await showFileSystems(opened.value);
  const { folder: at, format, problem } = opened.value;
  if (json) {
    const facts = { path, folder: at, format, files, problem: problem === null ? null : errorFacts(problem) };
    printResult(`${printableJson(facts, 2)}\n`);
  } else {
    printResult(`${forTerminal(mountLines(at, files, paint).join('\n'))}\n`);
    if (problem !== null) refusals(false)([problem]);
    if (!canShow() && files.some(hasFileSystem)) printNotice(rightsHint(rootCommand(process.argv)));
  }
  return problem !== null || files.some(({ refused }) => refused !== null) ? EXIT.someFailed : EXIT.allGood;
};

export const unmount: Actions['unmount'] = async (folder, { json }) => {
  const done = await outcome(() => closeImage(folder));
  const errors = done.ok ? done.value.errors : done.errors;
  if (errors.length > 0) refusals(json)(errors);
  if (!done.ok) return EXIT.refused;
  if (errors.length === 0) return EXIT.allGood;
  return done.value.closed ? EXIT.someFailed : EXIT.refused;
};

const elsewhere = (path: string): ReturnType<typeof failure> =>
  failure({
    code: 'BAD_ARGUMENT',
    op: 'open',
    device: path,
    reason: { kind: 'said', text: 'Platter mounts files and disks, not URLs or standard input.' },
    remedy: { kind: 'said', text: 'Save it as a file first.' },
  });
