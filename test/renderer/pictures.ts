// `npm run pictures -- --all`: every screen of the built page, in three sizes, two themes and three languages, and one
// sheet a screen that has them all. The argument is the folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES } from '../../app/contract/limits.ts';
import { speakWith } from '../../app/words/speech.ts';
import { reach, screens, type Screen } from './support/screens.ts';
import { Windows } from './support/window.ts';

const SIZES = [
  { width: 800, height: 600 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
const SCHEMES = ['light', 'dark'] as const;

/** Takes all pictures of one screen. Returns their files, and what the page complained about. */
async function takeAll(
  windows: Windows,
  screen: Screen,
  folder: string,
): Promise<{ files: string[]; problems: string[] }> {
  const files: string[] = [];
  const problems: string[] = [];
  for (const language of LANGUAGES)
    for (const scheme of SCHEMES)
      for (const size of SIZES) {
        speakWith(() => language);
        const window = await windows.open({ state: { ...screen.state, language }, scheme, ...size });
        const name = `${String(size.width)}x${String(size.height)}-${scheme}-${language}`;
        const file = join(folder, `${name}.png`);
        try {
          await reach(screen, window);
        } catch (error) {
          problems.push(`${name}: ${String(error).split('\n')[0] ?? ''}`);
        }
        await window.page.screenshot({ path: file, animations: 'disabled' });
        files.push(file);
        problems.push(...window.problems.map((problem) => `${name}: ${problem}`));
        await windows.close(window);
      }
  return { files, problems };
}

/** One picture of many, six in a row. */
async function sheet(windows: Windows, files: readonly string[], to: string): Promise<void> {
  const images = files.map((file) => `<img src="data:image/png;base64,${readFileSync(file).toString('base64')}">`);
  const style =
    'body{margin:8px;background:#777;display:grid;align-content:start;grid-template-columns:repeat(6,1fr);gap:8px}img{width:100%}';
  await windows.draw(`<style>${style}</style>${images.join('')}`, to);
}

async function main(folder: string, only: string | undefined): Promise<void> {
  const windows = await Windows.start();
  const found: string[] = [];
  try {
    for (const screen of screens) {
      const name = screen.name.replaceAll(/\W+/g, '-');
      if (only !== undefined && !name.includes(only)) continue;
      mkdirSync(join(folder, name), { recursive: true });
      const { files, problems } = await takeAll(windows, screen, join(folder, name));
      await sheet(windows, files, join(folder, `${name}.png`));
      found.push(...problems.map((problem) => `${name}: ${problem}`));
      console.log(`${join(folder, `${name}.png`)}: ${String(files.length)} pictures`);
    }
  } finally {
    await windows.stop();
  }
  writeFileSync(join(folder, 'problems.txt'), found.map((line) => `${line}\n`).join(''));
  for (const line of found) console.error(line);
  if (found.length > 0) process.exitCode = 1;
}

const [, , folder, only] = process.argv;
if (folder === undefined) throw new Error('use `npm run pictures -- --all`');
await main(folder, only);
