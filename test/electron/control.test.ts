// A person's control of a running job: one drive stopped, the others paused and continued; and an interrupted job.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Refusal, startEngine } from '../../app/client/client.ts';
import { untilDurable } from '../app/job/support.ts';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { CALLER, imageFolder, launchApp, picture, type App } from './support/app.ts';
import { holdToStart, startJob, tileOf, tiles } from './support/steps.ts';

const SIZE = 32 * 1024 * 1024;

/** Why the built engine host cannot run these tests. null when it can. */
async function lacking(): Promise<string | null> {
  const engine = startEngine({ command: [process.execPath, resolve(import.meta.dirname, '../../out/engine/host.js')] });
  try {
    await engine.call('pause', { destination: null, paused: true });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.message.includes('cannot pause yet') ? error.message : null;
  } finally {
    await engine.close();
  }
  return null;
}

const reason = canLab() ?? (await lacking());

describe.skipIf(reason !== null)(`control of a job in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const state = mkdtempSync(join(tmpdir(), 'platter-test-state-'));
  if (process.getuid?.() === 0) chownSync(state, CALLER, CALLER);
  let app: App;
  let disks: LabDisk[] = [];

  beforeAll(() => writeFileSync(image, seededBytes(SIZE, 3)));
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(state, { recursive: true, force: true });
  });
  beforeEach(async () => {
    disks = await Promise.all([0, 1, 2].map(() => labdisk({ size: SIZE })));
    app = await launchApp({ env: { PLATTER_STATE: state } });
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(disks.map((disk) => disk.close()));
  });

  /** Starts copying to the disks at 2 MB/s each, and waits until something is written. */
  async function begin(chosen: LabDisk[]): Promise<void> {
    for (const disk of chosen) await disk.rule('rate w 2M');
    await startJob(
      app,
      image,
      chosen.map(({ device }) => device),
    );
    await tileOf(app.page, chosen[0]!.device)
      .getByText(/[1-9]\d*\s%/)
      .waitFor();
  }

  const hurry = async (chosen: LabDisk[]): Promise<void> => {
    await Promise.all(chosen.map((disk) => disk.rule('rate w 0')));
  };
  const writes = async (disk: LabDisk): Promise<number> => (await disk.counters()).writes;
  const compare = ({ backing }: LabDisk): Buffer => execFileSync('cmp', [image, backing]);

  it('stops one of three drives, pauses and continues the others, and verifies them', async () => {
    const { page } = app;
    const [first, stopped, last] = disks as [LabDisk, LabDisk, LabDisk];
    await begin(disks);

    await tileOf(page, stopped.device)
      .getByRole('button', { name: /Details/ })
      .click();
    const drawer = page.getByRole('dialog');
    await drawer.getByRole('button', { name: 'Cancel' }).click();
    await drawer.getByRole('button', { name: 'Stop' }).click();
    await drawer.getByText('Cancelled', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    expect(await tiles(page, 'copying').count()).toBe(2);

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('heading', { name: /2 paused/ }).waitFor();
    await picture(page, '9-paused');
    // The I/O in flight ends, then nothing moves.
    await expect
      .poll(async () => {
        const before = await Promise.all(disks.map(writes));
        await sleep(1000);
        return (await Promise.all(disks.map(writes))).map((now, index) => now - before[index]!);
      })
      .toEqual([0, 0, 0]);

    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await page.getByRole('heading', { name: /2 copying/ }).waitFor();
    await hurry(disks);
    await page.getByRole('heading', { name: '2 of 3 verified, 1 cancelled' }).waitFor();
    compare(first);
    compare(last);
    expect(() => compare(stopped)).toThrow();
  });

  it('continues in the next window what a killed engine left, and it is whole', async () => {
    const [disk] = disks as [LabDisk];
    await begin([disk]);
    const jobs = join(state, 'jobs');
    // The newest log is this job's. The first chunk is written twice, so more than one chunk has to be durable before
    // less than the whole is left.
    await untilDurable(join(jobs, readdirSync(jobs).sort().at(-1)!), 4);
    process.kill(app.hostPid(), 'SIGKILL');
    await app.page.getByRole('alert').filter({ hasText: 'HOST_FAILED' }).waitFor();
    await app[Symbol.asyncDispose]();

    await hurry([disk]);
    const { bytesWritten } = await disk.counters();
    app = await launchApp({ env: { PLATTER_STATE: state } });
    const section = app.page.getByRole('region', { name: 'Interrupted' });
    await section
      .getByText(/disk\.img to/)
      .first()
      .waitFor();
    await picture(app.page, '10-interrupted');
    await section
      .getByRole('button', { name: /^Continue/ })
      .first()
      .click();
    await app.page.getByRole('heading', { name: 'Continue 1 copy?' }).waitFor();
    await picture(app.page, '11-continue');
    await holdToStart(app);
    await app.page.getByRole('heading', { name: '1 verified' }).waitFor();
    compare(disk);
    expect(
      (await disk.counters()).bytesWritten - bytesWritten,
      'what is on the medium is not written again',
    ).toBeLessThan(SIZE);
    await app.page.getByRole('button', { name: 'New job' }).click();
    await app.page.getByRole('heading', { name: 'Source' }).waitFor();
  });
});
