// With few open files allowed, a command says what it lacks and does not break down. Node itself needs 25.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { Folder } from '../../parsers/source-files.ts';
import { PLATTER, stateDirectory } from '../support.ts';

const missing = decoderLacks();
const skip = missing.length > 0 ? ` (without ${missing.join(', ')}: install the -dev packages)` : '';

/** Runs `platter ARGS` with at most `files` open files. */
const limited = (files: number, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const command = `ulimit -n ${files} && exec "$0" "$@"`;
    const env = { ...process.env, PLATTER_STATE: stateDirectory() };
    execFile('sh', ['-c', command, process.execPath, PLATTER, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

describe.skipIf(skip !== '')(`a low limit of open files${skip}`, () => {
  test.each([28, 30, 32, 34, 36, 40])('ends a command with a reason, or not at all: %i', async (files) => {
    using folder = new Folder();
    await folder.image();
    await folder.run('gzip -k disk.img');

    for (const args of [
      ['copy', '--yes', folder.at('disk.img.gz'), folder.at('o.img')],
      ['check', folder.at('disk.img.gz')],
    ]) {
      const { code, stderr } = await limited(files, args);
      expect(stderr).not.toMatch(/\n {4}at |TypeError/u);
      if (code !== 0) expect(stderr).toContain('platter: ');
      expect([0, 2, 3]).toContain(code);
      if (code === 0 && args[0] === 'copy')
        expect(readFileSync(folder.at('o.img')).equals(readFileSync(folder.at('disk.img')))).toBe(true);
    }
  });
});
