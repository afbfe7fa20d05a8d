// A source from a link: pasted, dropped or typed, downloaded, stopped, failed, kept.
import { describe, expect, test } from 'vitest';
import type { SourceDownload } from '../../app/contract/downloads.ts';
import { failure } from '../../app/base/errors.ts';
import { disk } from './support/fixtures.ts';
import { described } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { drives } from './support/running-job.ts';
import { chooseDisk, chooseEarlier, sourceCard } from './support/source.ts';

const open = oneWindow();
const LINK = 'https://downloads.example.org/images/2026-11-24/raspios-bookworm-arm64.img.xz';
const PATH = '/home/me/.cache/platter/downloads/4f21/raspios-bookworm-arm64.img.xz';

const running = (more: Partial<SourceDownload> = {}): SourceDownload => ({
  at: 1,
  origin: LINK,
  state: 'running',
  progress: { origin: LINK, bytes: 473e6, length: 1.1e9, bytesPerSecond: 35.2e6, secondsLeft: 18 },
  error: null,
  path: null,
  isKept: false,
  hasLink: true,
  ...more,
});
const whole = running({ state: 'whole', path: PATH });

/** Pastes as the system does, with the focus where it is. */
const paste = (text: string): Promise<void> =>
  open.page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    (document.activeElement ?? document.body).dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  }, text);

describe('a link', () => {
  test('is downloaded when it is pasted anywhere but into a field', async () => {
    await open.start({ state: { disks: drives } });
    open.main.downloaded = running();

    await paste('some words');
    await open.page.getByRole('button', { name: 'More options' }).waitFor();
    await open.page.getByLabel(/^Job name/).focus();
    await paste(LINK);
    expect(open.main.asked('download')).toEqual([]);

    await open.page.getByRole('heading', { name: 'Source' }).focus();
    await paste(` ${LINK}\n`);
    await open.page.getByRole('group', { name: 'Download of raspios-bookworm-arm64.img.xz' }).waitFor();
    expect(open.main.asked('download')).toEqual([[LINK]]);
  });

  test('is downloaded when it is dropped on the source', async () => {
    await open.start({ state: { disks: drives } });
    open.main.downloaded = running();

    await open.page.evaluate((dropped) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData('text/uri-list', dropped);
      document
        .querySelector('[aria-labelledby="source-heading"]')!
        .dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }, LINK);

    await open.page.getByRole('progressbar', { name: /^Download of/ }).waitFor();
    expect(open.main.asked('download')).toEqual([[LINK]]);
  });

  test('shows what is wrong with a link that was typed', async () => {
    await open.start({ state: { disks: drives } });
    await open.page.getByRole('button', { name: 'From a link…' }).click();
    const field = open.page.getByLabel('Link to an image');
    await field.fill('example.org/disk.img');
    expect(await open.page.getByRole('button', { name: 'Download' }).isDisabled()).toBe(true);

    open.main.controlled = {
      ok: false,
      errors: [failure({ code: 'BAD_ARGUMENT', op: 'check', reason: { kind: 'urlWrong' } })],
    };
    await field.fill('http://');
    await field.fill('http://:0/');
    await field.press('Enter');
    await open.page.getByText('It is not a URL that Platter can download').waitFor();

    open.main.controlled = { ok: true, value: null };
    open.main.downloaded = running();
    await field.fill(LINK);
    await open.picture('download-field');
    await field.press('Enter');
    await open.page.getByRole('group', { name: /^Download of/ }).waitFor();
    expect(await field.count()).toBe(0);
  });
});

describe('a download', () => {
  test.each([
    ['light', 1200, 800],
    ['dark', 1200, 800],
    ['light', 800, 600],
  ] as const)('shows how far it is, and is cancelled (%s, %d x %d)', async (scheme, width, height) => {
    await open.start({ state: { disks: drives, download: running() }, scheme, width, height });
    const card = open.page.getByRole('group', { name: /^Download of/ });
    await open.picture(`download-${scheme}-${width}`);
    const text = (await card.innerText()).replaceAll('\u00A0', ' ');
    for (const part of ['43 %', '473 MB of 1.1 GB', '35 MB/s', '20 s left', LINK]) expect(text).toContain(part);
    expect(await open.page.getByRole('progressbar', { name: /^Download of/ }).getAttribute('aria-valuenow')).toBe('43');
    await open.page.getByText('The source is being downloaded.').waitFor();

    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByText(/Stopped at 473.MB of 1.1.GB\. What has been downloaded stays\./).waitFor();
    await open.picture(`download-stopped-${scheme}-${width}`);
    open.main.downloaded = running();
    await card.getByRole('button', { name: 'Continue' }).click();
    expect(open.main.names()).toEqual(['stopDownload', 'resumeDownload']);
  });

  test('shows no percentage for an unknown length, and says when a request is repeated', async () => {
    const progress = { origin: LINK, bytes: 473e6, length: null, bytesPerSecond: 35.2e6, secondsLeft: null };
    await open.start({ state: { disks: drives, download: running({ progress }) } });
    const card = open.page.getByRole('group', { name: /^Download of/ });
    expect(await card.getByRole('progressbar').count()).toBe(0);
    await card.getByText(/^473.MB$/).waitFor();

    const error = failure({
      code: 'DOWNLOAD_FAILED',
      op: 'read',
      device: LINK,
      reason: { kind: 'notConnected', host: 'downloads.example.org', said: 'ECONNRESET' },
      remedy: { kind: 'DOWNLOAD_FAILED' },
    });
    await open.main.push({ download: running({ error }) });
    await card.getByText('Trying again…').waitFor();
    await open.picture('download-again');
  });

  test('says why it failed and what to do, and can be retried or discarded', async () => {
    const error = failure({
      code: 'DOWNLOAD_FAILED',
      op: 'read',
      device: LINK,
      reason: { kind: 'serverAnswered', host: 'downloads.example.org', status: '404 Not Found' },
      remedy: { kind: 'checkUrl' },
    });
    await open.start({ state: { disks: drives, download: running({ state: 'failed', progress: null, error }) } });
    await open.picture('download-failed');
    await open.page.getByRole('alert').getByText('404 Not Found').waitFor();
    await open.page.getByRole('button', { name: 'Try again' }).waitFor();
    await open.page.getByRole('button', { name: 'Discard' }).click();
    await open.page.getByRole('group', { name: /^Download of/ }).waitFor({ state: 'detached' });
    expect(open.main.names()).toEqual(['discardDownload']);
  });

  test('becomes the source when it is complete, and its job names the link', async () => {
    await open.start({ state: { disks: drives } });
    open.main.described = { ok: true, value: described() };
    open.main.downloaded = running();
    await paste(LINK);
    await open.page.getByRole('group', { name: /^Download of/ }).waitFor();
    await open.main.push({ download: whole });

    await sourceCard(open.page, `Image file ${LINK}`).waitFor();
    await open.page.getByText('xz → GPT').waitFor();
    await chooseDisk(open.page, drives[0]!.path);
    await chooseEarlier(open.page, `Image file ${LINK}`);
    await open.page.getByRole('checkbox').first().click();
    await open.picture('download-chosen');
    await open.page.getByRole('button', { name: 'Review' }).click();
    expect(open.main.lastRequest()).toMatchObject({ source: PATH, origin: LINK });

    await open.page.getByRole('switch', { name: 'Keep the download' }).click();
    expect(open.main.asked('keepDownload')).toEqual([[true]]);
    await open.page.getByText('The file stays when the job is done.').waitFor();
  });

  test('does not replace a source that was chosen meanwhile', async () => {
    await open.start({ state: { disks: [...drives, disk('/dev/sdz', { model: 'Master' })] } });
    open.main.downloaded = running();
    await paste(LINK);
    await chooseDisk(open.page, '/dev/sdz');
    await open.main.push({ download: whole });

    await open.page.getByRole('button', { name: 'Use as the source' }).waitFor();
    expect(await sourceCard(open.page, /^Master/).count()).toBe(1);
    await open.page.getByRole('button', { name: 'Use as the source' }).click();
    await sourceCard(open.page, `Image file ${LINK}`).waitFor();
  });

  test('is downloaded again after its file was removed with its job', async () => {
    await open.start({ state: { disks: drives, download: whole } });
    await sourceCard(open.page, `Image file ${LINK}`).waitFor();
    await open.main.push({ download: { ...whole, state: 'removed', path: null } });

    await open.page.getByText('It was removed when its job was done.').waitFor();
    await open.picture('download-removed');
    expect(await sourceCard(open.page, /^Image file/).count()).toBe(0);
    open.main.downloaded = running();
    await open.page.getByRole('button', { name: 'Download again' }).click();
    await open.page.getByRole('progressbar').waitFor();
  });
});
