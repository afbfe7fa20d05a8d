// The window's download: recognising links, removing the file after its job, and repeating that job.
// test/electron/download.test.ts has the server.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobView } from '../../../app/contract/window.ts';
import { keyOf, shownUrl } from '../../../app/download/addresses.ts';
import { downloadAt, DownloadFolder } from '../../../app/download/download-folder.ts';
import { SourceDownloads } from '../../../app/main/downloads.ts';
import { end, endpoint, imageEndpoint, job, plan, result, sticks } from '../../renderer/support/fixtures.ts';

const URL_SHOWN = 'http://example.org/disk.img';

let directory = '';
let path = '';
let given: string[] = [];
let downloads: SourceDownloads;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'platter-downloads-'));
  const place = await DownloadFolder.open(directory, 'key', 'disk.img', URL_SHOWN, false);
  await place.begins({ etag: '"1"', lastModified: null, length: 0 });
  path = await place.finish();
  given = [];
  downloads = new SourceDownloads(
    { changed: () => undefined, granted: (file) => void given.push(file), patience: () => 60 },
    directory,
  );
});
afterEach(() => rmSync(directory, { recursive: true }));

const source = (): JobView['plan']['source'] => imageEndpoint(path, 1e9);
const repeated = (origin = URL_SHOWN): Promise<void> => downloads.repeated({ origin, source: source() });

/** A job whose source is the download, and whose destination ended in `state`. */
function ended(state: 'done' | 'failed'): JobView {
  const of = plan([endpoint(sticks(1)[0]!)], { source: source(), origin: URL_SHOWN });
  return job(of, [{ state }], { phase: 'ended', result: result(of, [end(of, 0, { state })]) });
}

describe('a download of the window', () => {
  it('refuses what is not a link, and fetches nothing', async () => {
    for (const text of ['disk.img', 'ftp://example.org/disk.img', 'http://'])
      expect(await downloads.begin(text)).toMatchObject({ ok: false, errors: [{ reason: { kind: 'urlWrong' } }] });
    expect(downloads.current).toBeNull();
    expect(downloads.again()).toMatchObject({ ok: false });
  });

  it('is the source of a repeated job, or offered again when its file is gone', async () => {
    await repeated();
    expect(downloads.current).toMatchObject({ state: 'whole', path, origin: URL_SHOWN, hasLink: true });
    rmSync(path);
    await (await downloadAt(path))?.remove();
    await repeated();
    expect(downloads.current).toMatchObject({ state: 'removed', path: null, hasLink: true });
    await repeated(`${URL_SHOWN}?...`);
    expect(downloads.current).toMatchObject({ hasLink: false });
  });

  it('is removed when its job is completely done', async () => {
    await repeated();
    await downloads.ended(ended('done'));
    expect(existsSync(path)).toBe(false);
    expect(downloads.current).toMatchObject({ state: 'removed', path: null });
  });

  it('stays when a drive failed, and when the user keeps it', async () => {
    await repeated();
    await downloads.ended(ended('failed'));
    expect(existsSync(path)).toBe(true);
    expect(await downloads.keep(true)).toMatchObject({ ok: true });
    expect(downloads.current).toMatchObject({ isKept: true });
    await downloads.ended(ended('done'));
    expect(existsSync(path)).toBe(true);
    expect(downloads.current).toMatchObject({ state: 'whole', path });
  });

  it('is removed with the last job that needs it, unless the user keeps it', async () => {
    await repeated();
    await downloads.keep(true);
    expect(await downloads.removeForgotten(path)).toEqual({ ok: true, value: null });
    expect([existsSync(path), downloads.current?.state]).toEqual([true, 'whole']);
    await downloads.keep(false);
    await downloads.removeForgotten(null);
    expect(existsSync(path)).toBe(true);
    await downloads.removeForgotten(path);
    expect([existsSync(path), downloads.current?.state]).toEqual([false, 'removed']);
  });

  it('does not touch a file that is not a download', async () => {
    const own = join(directory, 'own.img');
    writeFileSync(own, 'mine');
    expect(await downloads.removeForgotten(own)).toEqual({ ok: true, value: null });
    expect(existsSync(own)).toBe(true);
  });

  it('is offered again after a restart when it was stopped, if its link is known and its version marked', async () => {
    const left = async (link: string, etag: string | null): Promise<string> => {
      const url = new URL(link);
      const place = await DownloadFolder.open(directory, keyOf(url), 'a.img', shownUrl(url), false);
      await place.begins({ etag, lastModified: null, length: 9 });
      writeFileSync(place.descriptor, 'four');
      await place.close();
      return keyOf(url);
    };
    const id = await left('http://example.org/a.img', '"1"');
    const secret = await left('http://me:word@example.org/a.img', '"1"');
    const unmarked = await left('http://example.org/b/a.img', null);
    await downloads.lookForLeft();
    const known = (of: string): object => expect.objectContaining({ id: of, bytes: 4, length: 9 }) as object;
    expect(downloads.left).toHaveLength(3);
    expect(downloads.left).toEqual(expect.arrayContaining([known(id), known(secret), known(unmarked)]));
    expect(downloads.left.filter(({ canContinue }) => canContinue)).toMatchObject([{ id }]);
    expect(JSON.stringify(downloads.left)).not.toContain('word');
    expect(await downloads.continueLeft(secret)).toMatchObject({ ok: false });

    expect(await downloads.discardLeft(id)).toEqual({ ok: true, value: null });
    expect(existsSync(join(directory, id))).toBe(false);
    expect(downloads.left).toHaveLength(2);
    // A complete download is not one of them.
    expect(existsSync(path)).toBe(true);
  });

  it('can be dismissed, and its complete file stays', async () => {
    await repeated();
    expect(await downloads.discard()).toEqual({ ok: true, value: null });
    expect([downloads.current, existsSync(path)]).toEqual([null, true]);
  });
});
