// Rights for disks that only root may open: an ordinary user's window and command line, and a real polkit that answers
// yes, no, or that an administrator must be asked.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder, launchApp, picture } from './support/app.ts';
import {
  BROKER,
  canPolkit,
  PLATTER,
  polkitLab,
  USER,
  type Ended,
  type PolkitLab,
  type Running,
} from './support/polkit.ts';
import { uidOf } from './support/processes.ts';
import { chooseImage, holdToStart, review, tick, tileOf } from './support/steps.ts';

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;
const CLI = resolve(import.meta.dirname, '../../out/cli/platter.js');

const reason = canLab() ?? canPolkit();

describe.skipIf(reason !== null)(`rights for disks${reason === null ? '' : ` (${reason})`}`, () => {
  const folder = imageFolder();
  const image = join(folder, 'disk.img');
  const own = join(folder, 'own');
  let lab: PolkitLab;
  let disks: LabDisk[] = [];

  beforeAll(async () => {
    writeFileSync(image, seededBytes(SIZE, 1), { mode: 0o644 });
    mkdirSync(own);
    chownSync(own, USER, USER);
    disks = await Promise.all([0, 1].map(() => labdisk({ size: SIZE })));
    lab = await polkitLab();
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    for (const disk of disks) await disk.close();
    rmSync(folder, { recursive: true });
  });

  const writes = async (): Promise<number> =>
    (await Promise.all(disks.map((disk) => disk.counters()))).reduce((sum, counters) => sum + counters.writes, 0);

  it('tells denied, missing, dismissed and granted rights apart, and writes only when granted', async () => {
    await using app = await launchApp({ user: { uid: USER, enter: lab.enter } });
    const { page } = app;
    const main = await app.electron.evaluate(() => process.pid);
    expect(uidOf(main)).toBe(USER);
    const alert = page.getByRole('alert');
    const reviewButton = page.getByRole('button', { name: 'Review' });
    const refused = async (code: string): Promise<string> => {
      await alert.getByText(code).waitFor();
      expect(app.brokers()).toEqual([]);
      expect(await writes()).toBe(0);
      return alert.innerText();
    };

    await chooseImage(app, image);
    await tick(app, ...disks.map(({ device }) => device));
    await reviewButton.click();
    const denied = await refused('ELEVATION_DENIED');
    for (const { device } of disks) expect(denied).toContain(device);
    await picture(page, 'elevation-denied');

    lab.answer('ask');
    await reviewButton.click();
    expect(await refused('NO_AGENT')).toContain('polkit agent');
    await picture(page, 'elevation-no-agent');

    // pkexec asks for the process that started it. A desktop's agent serves the whole session.
    await using agent = await lab.agent(app.hostPid());
    await reviewButton.click();
    // S12 The question names each disk, and what it is opened for.
    expect(await agent.asked).toMatch(
      /^asked io\.github\.platter\.open-disks: Authentication is required to let Platter open disks/,
    );
    expect(await agent.asked).toContain(BROKER);
    for (const { device } of disks) expect(`${await agent.asked} `).toContain(` --write ${basename(device)} `);
    await page.getByRole('status').getByText('administrator').waitFor();
    await picture(page, 'elevation-asking');
    agent.putAway();
    await refused('ELEVATION_CANCELLED');
    await picture(page, 'elevation-cancelled');

    lab.answer('yes');
    await reviewButton.click();
    await page.getByRole('button', { name: 'Back' }).waitFor();
    const [broker, ...others] = app.brokers();
    expect(others).toEqual([]);
    expect(uidOf(broker!)).toBe(0);
    expect(uidOf(app.hostPid())).toBe(USER);
    const named = [BROKER, ...disks.map(({ device }) => basename(device))].toSorted();
    expect(
      lab
        .asked()
        .slice(-2)
        .map((line) => line.split(' --write ').toSorted()),
    ).toEqual([named, named]);
    await holdToStart(app);
    await page.getByRole('heading', { name: '2 verified' }).waitFor();
    for (const disk of disks) {
      await tileOf(page, disk.device).getByText('Verified').waitFor();
      execFileSync('cmp', [image, disk.backing]);
    }
    await expect.poll(() => app.brokers()).toEqual([]);

    // S12 The next job of the same window asks again.
    const before = lab.asked().length;
    lab.answer('no');
    await page.getByRole('button', { name: 'New job' }).click();
    await chooseImage(app, image);
    await tick(app, disks[0]!.device);
    await reviewButton.click();
    await alert.getByText('ELEVATION_DENIED').waitFor();
    expect(lab.asked().slice(before)).toEqual([`${BROKER} --write ${basename(disks[0]!.device)}`]);
  });

  it('S12 gives the rights back when a review is left, and asks again for the next one', async () => {
    await using app = await launchApp({ user: { uid: USER, enter: lab.enter } });
    lab.answer('yes');
    await chooseImage(app, image);
    await tick(app, disks[0]!.device);
    await review(app);
    expect(app.brokers()).toHaveLength(1);
    const before = lab.asked().length;
    await app.page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(() => app.brokers()).toEqual([]);
    await review(app);
    expect(lab.asked().length).toBe(before + 1);
  });

  it('asks for rights on the command line, and leaves all files to the user', async () => {
    const copy = join(own, 'copy.img');
    lab.answer('yes');
    const [disk] = disks as [LabDisk];
    const given = await platter('copy', disk.device, copy, '--manifest', `${copy}.manifest`, '--yes', '--json');
    expect(given.code, given.stderr).toBe(0);
    expect(given.stderr).toContain(`Opening ${disk.device} needs administrator rights. The desktop asks`);
    expect(lab.asked().at(-1)).toBe(`${BROKER} --read ${basename(disk.device)}`);
    execFileSync('cmp', [disk.backing, copy]);
    expect([statSync(copy).uid, statSync(`${copy}.manifest`).uid]).toEqual([USER, USER]);
    expect(readdirSync(join(own, 'state/jobs')).map((name) => statSync(join(own, 'state/jobs', name)).uid)).toEqual([
      USER,
    ]);

    lab.answer('no');
    const denied = await platter('copy', image, disk.device, '--yes', '--json');
    expect(denied.code).toBe(2);
    expect(JSON.parse(denied.stdout)).toMatchObject({ event: 'error', code: 'ELEVATION_DENIED' });
  });

  it('uses sudo on a terminal, and says so first', async () => {
    const [, disk] = disks as [LabDisk, LabDisk];
    const copy = join(own, 'terminal.img');
    const { code, stdout } = await asUser(
      'script',
      '-qec',
      `stty cols 200; exec ${process.execPath} ${CLI} copy ${disk.device} ${copy} --yes`,
      '/dev/null',
    );
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(
      `platter: Opening ${disk.device} needs administrator rights. sudo asks for your password if it needs it.`,
    );
    execFileSync('cmp', [disk.backing, copy]);
    expect(statSync(copy).uid).toBe(USER);
  });

  it("leaves images to the user who called sudo, and keeps root's files out of reach", async () => {
    const [disk] = disks as [LabDisk];
    const copy = join(own, 'sudo.img');
    const before = lab.asked().length;
    const made = await asUser('sudo', PLATTER, 'copy', disk.device, copy, '--yes', '--json');
    expect(made.code, made.stderr + made.stdout).toBe(0);
    execFileSync('cmp', [disk.backing, copy]);
    expect(statSync(copy)).toMatchObject({ uid: USER, gid: USER });
    expect(lab.asked().length).toBe(before);
    const jobs = readdirSync(join(own, 'state'), { recursive: true, withFileTypes: true });
    expect(jobs.filter(({ parentPath, name }) => statSync(join(parentPath, name)).uid !== USER)).toEqual([]);

    const secret = join(folder, 'secret.img');
    writeFileSync(secret, seededBytes(MIB, 9), { mode: 0o600 });
    const writesSoFar = await writes();
    const refused = await asUser('sudo', PLATTER, 'copy', secret, disk.device, '--yes', '--json');
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      event: 'error',
      code: 'NOT_PERMITTED',
      path: secret,
      advice: expect.stringContaining('no matter who started it') as string,
    });
    expect(await writes()).toBe(writesSoFar);
  });

  it('finds and resumes without rights a job that was interrupted with them', async () => {
    lab.answer('yes');
    const [, disk] = disks as [LabDisk, LabDisk];
    await disk.rule('rate w 2M');
    const { bytesWritten } = await disk.counters();
    const running = start(process.execPath, CLI, 'copy', image, disk.device, '--yes', '--json');
    // The zeros of the head, and some data that is worth keeping.
    await disk.waitFor((now) => now.bytesWritten >= bytesWritten + 3 * MIB);
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 130 });
    await disk.rule('clear');
    const jobs = JSON.parse((await platter('jobs', '--json')).stdout) as { destinations: { path: string }[] }[];
    expect(jobs.map(({ destinations }) => destinations.map(({ path }) => path))).toEqual([[disk.device]]);
    const resumed = await platter('resume', '--yes', '--json');
    expect(resumed.code, resumed.stderr).toBe(0);
    execFileSync('cmp', [image, disk.backing]);
  });

  /** The command line without a terminal. */
  const platter = (...args: string[]): Promise<Ended> => asUser(process.execPath, CLI, ...args);
  const asUser = (...argv: [string, ...string[]]): Promise<Ended> => start(...argv).ended;

  const start = (...argv: [string, ...string[]]): Running =>
    lab.start(argv, { HOME: own, PLATTER_STATE: join(own, 'state') });
});
