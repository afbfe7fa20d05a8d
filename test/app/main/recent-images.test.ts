// The recent images: which are offered, in what order, and what happens to a missing one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRecord } from '../../../app/contract/records.ts';
import { RecentImages } from '../../../app/main/recent-images.ts';
import { record } from '../records/records.ts';
import { asked } from '../../requests.ts';

const URL_SHOWN = 'https://example.org/gone.img.xz';

let directory = '';
let jobs: JobRecord[] = [];
let told = 0;
let recent: RecentImages;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'platter-recent-'));
  jobs = [];
  told = 0;
  recent = new RecentImages(
    (most) => Promise.resolve(jobs.slice(0, most)),
    () => (told += 1),
  );
});
afterEach(() => rmSync(directory, { recursive: true }));

const at = (name: string): string => join(directory, name);
const file = (name: string, bytes = 3): string => {
  writeFileSync(at(name), Buffer.alloc(bytes));
  return at(name);
};

/** A job that read `path` `minutes` ago. */
function read(path: string, minutes: number, more: Partial<JobRecord> = {}): void {
  const startedAt = new Date(Date.UTC(2026, 10, 30) - minutes * 60_000).toISOString();
  const source = { path, kind: 'file' as const, size: 9, model: null, serial: null, port: null, bay: null };
  jobs.push({
    ...record(['/dev/sdb']),
    id: `20261130-0000${String(jobs.length).padStart(2, '0')}-a1b2c3`,
    startedAt,
    source,
    origin: null,
    ...more,
  });
}

const names = (): string[] => recent.current.map(({ path }) => path.slice(directory.length + 1));

describe('recent images', () => {
  it('are the files that were read last, each once, and at most five', async () => {
    for (const [index, name] of ['a', 'b', 'a', 'c', 'd', 'e', 'f'].entries()) read(file(`${name}.img`), index);
    await recent.refresh();
    expect(names()).toEqual(['a.img', 'b.img', 'c.img', 'd.img', 'e.img']);
    expect(told).toBe(1);
  });

  it('say when they were used, and how large they are now', async () => {
    read(file('disk.img', 1234), 5);
    await recent.refresh();
    expect(recent.current).toMatchObject([
      { size: 1234, usedAt: Date.UTC(2026, 10, 29, 23, 55), isThere: true, origin: null, entry: null },
    ]);
  });

  it('omit disks, folders, and files that are gone', async () => {
    mkdirSync(at('folder'));
    read('/dev/sdc', 0, {
      source: { path: '/dev/sdc', kind: 'block', size: 9, model: null, serial: null, port: null, bay: null },
    });
    read(at('folder'), 1);
    read(at('gone.img'), 2);
    read(file('disk.img'), 3);
    read(file('manifest.img'), 4, { source: null });
    await recent.refresh();
    expect(names()).toEqual(['disk.img']);
  });

  it('have an entry for each file of an archive', async () => {
    const path = file('class.zip');
    for (const entry of ['teacher.img', 'student.img', 'teacher.img'])
      read(path, 0, { request: asked({ source: path, destinations: ['/dev/sdb'], entry }) });
    await recent.refresh();
    expect(recent.current.map(({ entry }) => entry)).toEqual(['teacher.img', 'student.img']);
  });

  it('have a removed download while its whole link is known', async () => {
    read(at('gone.img.xz'), 0, { origin: URL_SHOWN });
    read(at('secret.img.xz'), 1, { origin: `${URL_SHOWN}?...` });
    read(at('piped.img'), 2, { origin: '-' });
    await recent.refresh();
    expect(recent.current).toMatchObject([{ path: at('gone.img.xz'), origin: URL_SHOWN, isThere: false, size: 9 }]);
  });

  it('are opened by the name of their own job only', async () => {
    for (const index of [0, 1, 2, 3, 4, 5]) read(file(`${String(index)}.img`), index);
    await recent.refresh();
    expect(await recent.take(jobs[1]!.id)).toMatchObject({ ok: true, value: { path: at('1.img') } });
    // It is in the history, but not offered.
    expect(await recent.take(jobs[5]!.id)).toMatchObject({ ok: false, errors: [{ reason: { kind: 'noRecordOf' } }] });
    expect(await recent.take('20200101-000000-000000')).toMatchObject({ ok: false });
  });

  it('say why an image that is gone cannot be opened, and drop it from the list', async () => {
    read(file('disk.img'), 0);
    await recent.refresh();
    rmSync(at('disk.img'));
    expect(await recent.take(jobs[0]!.id)).toMatchObject({
      ok: false,
      errors: [{ code: 'NOT_FOUND', device: at('disk.img'), reason: { kind: 'nothingThere' } }],
    });
    await expect.poll(names).toEqual([]);
  });
});
