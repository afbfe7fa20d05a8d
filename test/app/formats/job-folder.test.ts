// The folder of the job logs: its owner, its place, listing and pruning.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../app/base/errors.ts';
import {
  jobPath,
  JobLogError,
  JobLogWriter,
  listJobs,
  pruneJobs,
  readJobLog,
  removeJob,
} from '../../../app/engine/formats/job-log.ts';
import { stateDir } from '../../../app/base/state-folder.ts';
import { headerOf, newDir, resultOf, root } from './job-log-support.ts';

describe('the folder of job logs', () => {
  it('gives the folder of job logs and a new log to their owner alone', async () => {
    const dir = newDir();
    const writer = await JobLogWriter.create(dir, headerOf(10));
    await writer.abandon();
    expect(
      await Promise.all(
        [dir, join(dir, 'jobs'), writer.path].map(async (path) => ((await stat(path)).mode & 0o7777).toString(8)),
      ),
    ).toEqual(['700', '700', '600']);
    expect(writer.id).toMatch(/^\d{8}-\d{6}-[0-9a-f]{6}$/);
    expect(writer.path).toBe(join(dir, 'jobs', `${writer.id}.log`));
  });

  it.each([
    [{ PLATTER_STATE: '/s' }, 0, '/s'],
    [{ PLATTER_STATE: '' }, 0, '/var/lib/platter'],
    [{ XDG_STATE_HOME: '/x' }, 0, '/var/lib/platter'],
    [{ XDG_STATE_HOME: '/x' }, 1000, '/x/platter'],
    [{ XDG_STATE_HOME: 'relative' }, 1000, join(homedir(), '.local/state/platter')],
    [{}, 1000, join(homedir(), '.local/state/platter')],
  ])('F34 finds the state folder with %o for user %i', (env, uid, expected) => {
    expect(stateDir(env, uid)).toBe(expected);
  });

  it('lists the newest job first, and nothing that is no log', async () => {
    const dir = newDir();
    expect(await listJobs(dir)).toEqual([]);
    await mkdir(join(dir, 'jobs'), { recursive: true });
    const ids = ['20251231-235959-ffffff', '20260101-000000-000000', '20260101-000001-a1b2c3'];
    for (const name of [...ids.map((id) => `${id}.log`), 'notes.txt', '20260101-000001-a1b2c3.log.old'])
      await writeFile(join(dir, 'jobs', name), '');
    await mkdir(jobPath(dir, '20260102-000000-000000'));
    await symlink('/dev/zero', jobPath(dir, '20260102-000001-000000'));
    execFileSync('mkfifo', [jobPath(dir, '20260102-000002-000000')]);
    expect(await listJobs(dir)).toEqual(ids.reverse().map((id) => ({ id, path: join(dir, 'jobs', `${id}.log`) })));
  });

  it('refuses job ids that lead out of the folder', () => {
    for (const id of ['../../etc/passwd', '', '.', '20260101-000001-a1b2c3/../x', '20260101-000001-A1B2C3'])
      expect(() => jobPath('/s', id)).toThrow(JobLogError);
  });

  it('prunes the oldest closed jobs, and no open one', async () => {
    const dir = newDir();
    const names: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const writer = await JobLogWriter.create(dir, headerOf(10));
      if (index === 1) await writer.abandon();
      else await writer.close(resultOf(3));
      const name = `2026010${index + 1}-000000-000000`;
      execFileSync('mv', [writer.path, jobPath(dir, name)]);
      names.push(name);
    }
    await writeFile(jobPath(dir, '20250101-000000-000000'), 'no log');
    await pruneJobs(dir, 3);
    expect((await listJobs(dir)).map(({ id }) => id)).toEqual([
      ...names.slice(3).reverse(),
      names[1],
      '20250101-000000-000000',
    ]);
    await removeJob(dir, names[1]!);
    expect(await readdir(join(dir, 'jobs'))).not.toContain(`${names[1]!}.log`);
    await expect(removeJob(dir, names[1]!)).rejects.toThrow(Refusal);
  });

  it('names the damaged log in the error', async () => {
    const path = join(root, 'x.log');
    await writeFile(path, 'PLATTER');
    await expect(readJobLog(path)).rejects.toMatchObject({ errors: [{ code: 'BAD_FILE', device: path }] });
    await expect(readJobLog(root)).rejects.toMatchObject({ errors: [{ code: 'NOT_BLOCK_OR_FILE' }] });
  });
});
