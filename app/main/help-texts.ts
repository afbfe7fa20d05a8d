// The texts of the help, which lie beside the program. The page names a text, never a path.
import { readFile } from 'node:fs/promises';
import type { HelpText } from '../contract/window.ts';

const FILES: Readonly<Record<HelpText, string>> = {
  manual: 'manual.md',
  licence: 'licence.txt',
  notices: 'notices.txt',
};

/** Reads a text. `folder` ends with a slash. Rejects when the package lacks it. */
export const readHelpText = (name: HelpText, folder = new URL('texts/', import.meta.url)): Promise<string> =>
  readFile(new URL(FILES[name], folder), 'utf8');
