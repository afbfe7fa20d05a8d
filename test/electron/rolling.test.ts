// Rolling batches with real block devices: two fresh drives join a job that runs.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, picture, type App } from './support/app.ts';
import { startJob, tileOf, tiles } from './support/steps.ts';

const MIB = 1024 * 1024;
const IMAGE_SIZE = 8 * MIB;
const DISK_SIZE = 16 * MIB;

const reason = canLab();

describe.skipIf(reason !== null)(`rolling batches in the window${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const disks: LabDisk[] = [];
  let app: App;

  beforeAll(() => writeFileSync(image, seededBytes(IMAGE_SIZE, 7)));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    app = await launchApp();
  });
  afterEach(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all(disks.splice(0).map((disk) => disk.close()));
  });

  const plugIn = async (size = DISK_SIZE): Promise<LabDisk> => {
    const disk = await labdisk({ size });
    disks.push(disk);
    return disk;
  };
  /** Throws unless the device begins with the image, byte for byte. */
  const compare = ({ backing }: LabDisk): Buffer =>
    execFileSync('cmp', ['--bytes', String(IMAGE_SIZE), image, backing]);
  /** The offer of this drive. Other loop devices of the machine are offered beside it. */
  const offerOf = ({ device }: LabDisk) =>
    app.page
      .getByRole('region', { name: 'Drives that were plugged in' })
      .getByRole('group', { name: new RegExp(`^${basename(device)} `) });
  const addTo = (disk: LabDisk) => offerOf(disk).getByRole('button', { name: 'Add to this job' });
  /** Asks for the review of this drive. Throws what the window says when it is refused. */
  async function askFor(disk: LabDisk): Promise<void> {
    const review = app.page.getByRole('dialog');
    const refused = app.page.getByRole('alert');
    await addTo(disk).click();
    await review.or(refused).first().waitFor();
    if ((await review.count()) === 0) throw new Error(await refused.innerText());
    const title = `Add ${basename(disk.device)} to this job?`;
    await review.getByRole('heading', { name: title, exact: true }).waitFor();
  }
  /** A job whose first drive is done, and whose second one waits in the middle. */
  async function running(): Promise<[LabDisk, LabDisk]> {
    const [first, slow] = [await plugIn(), await plugIn()];
    await slow.rule('stall w 6M 1M');
    await startJob(app, image, [first.device, slow.device]);
    await tileOf(app.page, first.device).getByText('Take it out').waitFor();
    return [first, slow];
  }

  it('adds two drives to a running job, each after its own consent, and writes every byte to them', async () => {
    const { page } = app;
    const [first, slow] = await running();

    for (const number of [1, 2]) {
      const late = await plugIn();
      await offerOf(late).waitFor();
      await picture(page, `rolling-${number}-offered`);
      await askFor(late);
      const review = page.getByRole('dialog');
      expect((await late.counters()).writes).toBe(0);
      await picture(page, `rolling-${number}-review`);
      await review.getByRole('button', { name: 'Hold to add' }).hover();
      await page.mouse.down();
      await tileOf(page, late.device).waitFor();
      await page.mouse.up();
      await tileOf(page, late.device).getByText('Take it out').waitFor();
      compare(late);
      expect(await offerOf(late).count()).toBe(0);
    }
    await slow.rule('clear');

    await page.getByRole('heading', { name: '4 verified' }).waitFor();
    expect(await tiles(page, 'verified').count()).toBe(4);
    for (const disk of disks) compare(disk);
    compare(first);
    await picture(page, 'rolling-3-ended');
  });

  it('writes nothing to a drive whose consent was not given when the job ended, or was left', async () => {
    const { page } = app;
    const [, slow] = await running();
    const late = await plugIn();
    await askFor(late);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    execFileSync('flock', ['--nonblock', late.device, 'true']); // nobody holds it

    await askFor(late);
    await slow.rule('clear');

    await page.getByRole('heading', { name: '2 verified' }).waitFor();
    await page.getByText(/^The job ended before .* was added\. Nothing was written to it/).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect((await late.counters()).writes).toBe(0);
  });

  it('names a drive that is too small, and the reason', async () => {
    const [, slow] = await running();
    const small = await plugIn(4 * MIB);

    await offerOf(small)
      .getByText(/^Cannot join this job\. Too small: /)
      .waitFor();
    expect(await addTo(small).count()).toBe(0);

    await slow.rule('clear');
    await app.page.getByRole('heading', { name: '2 verified' }).waitFor();
  });
});
