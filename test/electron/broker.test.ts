// The broker as polkit starts it, attacked by the user who may start it: other disks, other command lines, signals.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canLab, labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { imageFolder } from './support/app.ts';
import { BROKER, canPolkit, PLATTER, polkitLab, PYTHON, USER, type Ended, type PolkitLab } from './support/polkit.ts';
import { commandLine, descendants, ports, uidOf } from './support/processes.ts';

const MIB = 1024 * 1024;
const SIZE = 16 * MIB;
const CLI = resolve(import.meta.dirname, '../../out/cli/platter.js');

const reason = canLab() ?? canPolkit();

describe.skipIf(reason !== null)(`attacks on the broker${reason === null ? '' : ` (${reason})`}`, () => {
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
    lab.answer('yes');
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    for (const disk of disks) await disk.close();
    rmSync(folder, { recursive: true });
  });

  const environment = { HOME: own, PLATTER_STATE: join(own, 'state') };
  const asUser = (...argv: [string, ...string[]]): Promise<Ended> => lab.start(argv, environment).ended;
  const writes = async (): Promise<number> =>
    (await Promise.all(disks.map((disk) => disk.counters()))).reduce((sum, counters) => sum + counters.writes, 0);

  it('S12 opens the disks of the question and no others, and for reading only what the question says', async () => {
    const [one, two] = disks.map(({ device }) => basename(device)) as [string, string];
    const before = await writes();
    const { code, stdout, stderr } = await asUser(
      PYTHON,
      join(import.meta.dirname, 'support/broker-client.py'),
      BROKER,
      one,
      two,
    );
    expect(code, stderr).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const [OK, BAD, NOT_NAMED, NOT_APPROVED] = [0, 1, 2, 3];
    expect(lines).toEqual([
      `names another disk: ${NOT_NAMED}`,
      `then opens it: ${NOT_NAMED}`,
      `names it for writing: ${NOT_NAMED}`,
      `then opens it: ${NOT_NAMED}`,
      `names one more: ${NOT_NAMED}`,
      `names what was approved: ${OK}`,
      `opens it for writing: ${NOT_APPROVED}`,
      `opens what has no name: ${NOT_NAMED}`,
      `switches it off: ${NOT_APPROVED}`,
      `names again: ${NOT_NAMED}`,
      `names what was approved: ${OK}`,
      `reads it: ${OK} with 2 descriptors`,
      `sends rubbish: ${BAD}`,
    ]);
    expect(await writes()).toBe(before);
  });

  describe('attacks through pkexec', () => {
    const pkexec = (...argv: string[]): Promise<Ended> => asUser('pkexec', '--disable-internal-agent', ...argv);

    it('runs nothing but the installed broker under our action: no copy, link, other spelling or program', async () => {
      const copy = join(own, 'platter-broker');
      const link = join(own, 'link');
      execFileSync(lab.enter[0], [...lab.enter.slice(1), 'cp', BROKER, copy]);
      execFileSync('ln', ['-sf', BROKER, link]);
      const before = lab.asked().length;
      for (const program of [
        copy,
        link,
        '/usr/lib/platter/../platter/platter-broker',
        '/usr/lib//platter/platter-broker',
        '/usr/lib/platter/platter-window',
        PLATTER,
      ]) {
        const { code, stderr } = await pkexec(program, '--read', 'sda');
        expect(code, `${program}: ${stderr}`).toBe(127);
      }
      expect(lab.asked().length).toBe(before);
    });

    it.each([
      ['--as', '0:0', '--', '/usr/bin/id'],
      ['--as', `${USER}:${USER}`, '--', '/usr/bin/id'],
      ['--socket', '/tmp/nowhere', '--read', 'sda'],
      ['--read', '/dev/sda'],
      ['--read', '../../etc/shadow'],
      ['--read', ''],
      ['--read'],
      ['--write', 'sda;id'],
      ['sda'],
      ['--help'],
      ['--read', 'sda', '--as', `${USER}:${USER}`],
      [],
    ])('S12 refuses "%s %s %s %s" with one line, and starts nothing', async (...argv) => {
      const { code, stdout, stderr } = await pkexec(BROKER, ...argv);
      expect(code, stderr).toBe(2);
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n')).toHaveLength(1);
    });
  });

  /** A job on the command line that writes `disk`: the processes that its user may signal, and the broker. */
  async function slowJob(disk: LabDisk) {
    await disk.rule('rate w 8M');
    const { bytesWritten } = await disk.counters();
    const { child, ended } = lab.start(
      [process.execPath, CLI, 'copy', image, disk.device, '--yes', '--json'],
      environment,
    );
    await disk.waitFor((now) => now.bytesWritten >= bytesWritten + 2 * MIB);
    const all = [child.pid!, ...descendants(child.pid!)];
    const find = (what: string): number => all.find((pid) => commandLine(pid).includes(what)) ?? -1;
    return { ended, cli: find('cli/platter.js'), host: find('engine/host.js'), broker: find(`${BROKER} --write`) };
  }

  /** True when a signal from the user reached the process. */
  const signalled = async (signal: string, pid: number): Promise<boolean> =>
    (await asUser('kill', '-s', signal, String(pid))).code === 0;

  it('S1 opens no port in any process of a job on SIGUSR1 from the user, and the job goes on', async () => {
    const [disk] = disks as [LabDisk];
    const { ended, cli, host, broker } = await slowJob(disk);
    expect([cli, host].map(uidOf)).toEqual([USER, USER]);
    expect(uidOf(broker)).toBe(0);
    expect(await Promise.all([cli, host, broker].map((pid) => signalled('USR1', pid)))).toEqual([true, true, false]);
    await sleep(1000); // the inspector opens its port on a thread of its own
    expect([cli, host, broker].map(ports)).toEqual([[], [], []]);
    await disk.rule('clear');
    expect(await ended).toMatchObject({ code: 0 });
    execFileSync('cmp', [image, disk.backing]);
  });

  it.each(['HUP', 'INT', 'QUIT', 'ABRT', 'USR2', 'SEGV', 'PIPE', 'ALRM', 'TERM', 'KILL'])(
    'ends or leaves the job on SIG%s from the user to host or command line, and leaves no broker behind',
    async (signal) => {
      const [disk] = disks as [LabDisk];
      for (const which of ['host', 'cli'] as const) {
        const job = await slowJob(disk);
        expect(await signalled(signal, job.broker)).toBe(false);
        expect(await signalled(signal, job[which])).toBe(true);
        await disk.rule('clear');
        await job.ended;
        await expect.poll(() => commandLine(job.broker), { message: `${signal} to the ${which}` }).toBe('');
        await expect.poll(() => commandLine(job.host)).toBe('');
        // The disk is free again: an exclusive open would fail with EBUSY.
        execFileSync(PYTHON, ['-c', 'import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)', disk.device]);
      }
    },
  );

  it('S1 lets the user neither trace the broker nor take its descriptors nor read its memory', async () => {
    const [disk] = disks as [LabDisk];
    const { ended, broker, host } = await slowJob(disk);
    for (const pid of [broker, host]) {
      const { stdout, stderr } = await asUser(PYTHON, join(import.meta.dirname, 'support/reach.py'), String(pid));
      expect(stdout, `${pid}: ${stderr}`).toBe('tried\n');
    }
    await disk.rule('clear');
    expect(await ended).toMatchObject({ code: 0 });
  });
});
