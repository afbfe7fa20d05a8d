// The texts of the help, read from the folder beside the program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { readHelpText } from '../../../app/main/help-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'platter-help-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('reads the named text, and fails for one that the package lacks', async () => {
  writeFileSync(join(folder, 'manual.md'), '# Platter\n');
  const texts = pathToFileURL(`${folder}/`);

  expect(await readHelpText('manual', texts)).toBe('# Platter\n');
  await expect(readHelpText('notices', texts)).rejects.toThrow(/notices\.txt/u);
});
