// Decoders that the system kills while a job needs them. This says nothing about the file.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isBlank, oldDisk, packedBy, SIZE, skip } from './packed-files.ts';
import { interrupted, MiB, oneBench, refused, resultOf, resume, type Session } from './support.ts';

const bench = oneBench();

/** Processes with this name and this parent. */
function childrenOf(parent: number, name: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/u.test(pid))
    .filter((pid) => {
      try {
        const [, comm, after] = /\((.*)\) (.*)/su.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
        return comm === name && after!.split(' ')[1] === String(parent);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

/** Kills a process that may have ended already. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills every decoder of a session, as the system does when memory runs out. */
async function killDecoders({ host }: Session): Promise<void> {
  const decoders = childrenOf(host.pid!, 'platter-unpack');
  expect(decoders).not.toEqual([]);
  for (const pid of decoders) process.kill(pid, 'SIGKILL');
  while (childrenOf(host.pid!, 'platter-unpack').some((pid) => decoders.includes(pid))) await sleep(20);
}

describe.skipIf(skip !== null)(`a decoder that the system ends${skip === null ? '' : ` (${skip})`}`, () => {
  it('does not blame the file for a lost decoder, and lets the job be continued', async () => {
    const { image, file } = await packedBy(bench, 'xz in blocks', 4 * SIZE);
    const disk = await oldDisk(bench, 4 * SIZE);
    await disk.rule('stall w 24M 1M');
    const first = bench.session();
    await first.begin({ source: file, destinations: [disk.device], memory: 4 * MiB });
    await disk.waitFor(({ stalled }) => stalled > 0);

    await killDecoders(first);
    await disk.rule('clear');
    const { destinations, errors } = await resultOf(first);

    expect(destinations).toMatchObject([{ state: 'failed', verified: null }]);
    expect(errors).toMatchObject([
      { code: 'DECODER_FAILED', device: file, reason: { kind: 'decoderKilled', signal: 'SIGKILL' } },
    ]);
    expect(isBlank(disk)).toBe(true);

    const session = bench.session();
    const [job] = await interrupted(session);
    expect(await resume(session, job!.id)).toMatchObject({ destinations: [{ state: 'done', verified: true }] });
    execFileSync('cmp', [image, disk.backing]);
  });

  it('starts another decoder when a destination is retried in the same job', async () => {
    const { image, file } = await packedBy(bench, 'xz in blocks', 4 * SIZE);
    const [one, two] = [await oldDisk(bench, 4 * SIZE), await oldDisk(bench, 4 * SIZE, 2)];
    await one.rule('stall w 24M 1M');
    await two.rule('stall w 4M 1M');
    const session = bench.session();
    await session.begin({ source: file, destinations: [one.device, two.device], memory: 4 * MiB });
    await one.waitFor(({ stalled }) => stalled > 0);
    await two.waitFor(({ stalled }) => stalled > 0);

    await killDecoders(session);
    await one.rule('clear');
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]?.state === 'failed');
    await session.engine.call('retry', { destination: 0 });
    await session.until((event) => event.event === 'progress' && event.progress.destinations[0]?.state === 'done');
    await two.rule('clear');

    const { destinations, errors } = await resultOf(session);
    expect(errors.map(({ code }) => code)).not.toContain('BAD_IMAGE');
    expect(destinations[0]).toMatchObject({ state: 'done', verified: true });
    execFileSync('cmp', [image, one.backing]);
  });

  it('reports a decoder lost while the file is judged before a job, and retries with another one', async () => {
    const { image, file } = await packedBy(bench, 'xz in blocks', 4 * SIZE);
    const disk = await oldDisk(bench, 4 * SIZE);
    execFileSync('dd', [`if=${image}`, `of=${disk.backing}`, 'conv=notrunc', 'status=none']);
    const session = bench.session();
    const over = new AbortController();
    const started = refused(session.run({ kind: 'verify', source: file, destinations: [disk.device] })).finally(() => {
      over.abort();
    });
    // The first decoder may be the one that inspects only the file's head, and have ended by now.
    const killing = (async () => {
      while (!over.signal.aborted) {
        childrenOf(session.host.pid!, 'platter-unpack').forEach(kill);
        await sleep(1);
      }
    })();

    expect(await started).toMatchObject([{ code: 'DECODER_FAILED' }]);
    await killing;
    expect(await session.run({ kind: 'verify', source: file, destinations: [disk.device] })).toMatchObject({
      destinations: [{ state: 'done', verified: true }],
    });
  });
});
