// The texts that the window's help shows: the manual, our licence, and the notices of what a package contains.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from './tools.mjs';

export const TEXTS = 'out/main/texts';
/** The packages that our code imports at run time. Theirs follow from them. */
const ROOTS = [
  'svelte',
  'bits-ui',
  '@lucide/svelte',
  'uplot',
  'zod',
  'intl-messageformat',
  'commander',
  'log-update',
  'pdfkit',
  '@expo-google-fonts/inter',
];
const folderOf = (name) => inRoot('node_modules', name);

/** The names of these packages and of all that they depend on, sorted. */
function withDependencies(names) {
  const found = new Set();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name) || !existsSync(`${folderOf(name)}/package.json`)) continue;
    found.add(name);
    queue.push(...Object.keys(JSON.parse(readFileSync(`${folderOf(name)}/package.json`, 'utf8')).dependencies ?? {}));
  }
  return [...found].sort();
}

/** The name, version and licence of a package, with the text of its licence where it ships one. */
function notice(name) {
  const { version, license } = JSON.parse(readFileSync(`${folderOf(name)}/package.json`, 'utf8'));
  const file = readdirSync(folderOf(name)).find((each) => /^(?:licen[cs]e|copying)/iu.test(each));
  const text = file === undefined ? '' : `\n${readFileSync(`${folderOf(name)}/${file}`, 'utf8').trim()}\n`;
  return `${name} ${version}, ${typeof license === 'string' ? license : 'see its licence'}\n${text}`;
}

/** Writes the three texts. */
export function makeTexts() {
  mkdirSync(inRoot(TEXTS), { recursive: true });
  const manual = readFileSync(inRoot('README.md'), 'utf8').replaceAll(/^!\[.*\n/gmu, '');
  const rule = `\n${'-'.repeat(72)}\n\n`;
  const notices = [readFileSync(inRoot('build/assets/copyright'), 'utf8'), ...withDependencies(ROOTS).map(notice)];
  writeFileSync(inRoot(TEXTS, 'manual.md'), manual);
  writeFileSync(inRoot(TEXTS, 'licence.txt'), readFileSync(inRoot('LICENSE'), 'utf8'));
  writeFileSync(inRoot(TEXTS, 'notices.txt'), notices.join(rule));
}
