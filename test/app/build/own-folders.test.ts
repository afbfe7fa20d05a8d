// The guard that keeps tests out of the machine's real folders.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stateDir } from '../../../app/base/state-folder.ts';
import { changes, picture, realFolders, testCache } from '../../own-folders.ts';

it('gives every process of a test a state folder below the temporary folder', () => {
  const module = JSON.stringify(resolve('app/base/state-folder.ts'));
  const script = `import { stateDir } from ${module}; console.log(stateDir())`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe(stateDir());
  expect(stdout.startsWith(`${tmpdir()}/platter-run-`)).toBe(true);
  for (const folder of realFolders()) expect(stateDir().startsWith(folder)).toBe(false);
});

it('names a new, longer or missing file in a guarded folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'platter-guarded-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [old, grown, gone] = ['old', 'grown', 'gone'].map((name) => join(folder, name));
  for (const path of [old!, grown!, gone!]) writeFileSync(path, '1');
  const before = picture([folder, join(folder, 'not there')]);
  writeFileSync(grown!, '22');
  rmSync(gone!);
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs/a.log'), '');
  expect(changes(before, picture([folder])).sort()).toEqual(
    [gone!, grown!, join(folder, 'jobs'), join(folder, 'jobs/a.log')].sort(),
  );
});

it('keeps what tests make once outside of the folders of a run, and of those of a real Platter', () => {
  const folders = [process.env.XDG_CACHE_HOME!, ...realFolders()];

  for (const folder of folders) expect(testCache().startsWith(`${folder}/`)).toBe(false);
});
