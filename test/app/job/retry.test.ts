// Retries around the end of the pass in which a destination failed. The order is forced: opening the drive and logging
// an end wait for the test.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostEvent } from '../../../app/contract/host.ts';
import type { JobResult } from '../../../app/contract/jobs.ts';
import { LocalEngine } from '../../../app/engine/engine.ts';
import { JobLogWriter } from '../../../app/engine/formats/job-log.ts';
import { loadAddon, type NativeAddon } from '../../../app/engine/native/addon.ts';
import { canLab, seededBytes, type LabDisk } from '../../lab/lab.ts';
import { head, MiB, oneBench, refused, requestOf, spoil } from './support.ts';
import type { Facts } from '../../requests.ts';

const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));
const SIZE = 8 * MiB;

/** A gate: callers wait until it opens, and `reached` resolves when one waits. */
class Barrier {
  #open: () => void = () => undefined;
  #reach: () => void = () => undefined;
  #closed: Promise<void> | null = null;
  reached = Promise.resolve();

  close(): void {
    this.#closed = new Promise((resolve) => (this.#open = resolve));
    this.reached = new Promise((resolve) => (this.#reach = resolve));
  }

  open(): void {
    this.#closed = null;
    this.#open();
  }

  async pass(): Promise<void> {
    if (this.#closed === null) return;
    this.#reach();
    await this.#closed;
  }
}

describe.skipIf(canLab() !== null)('retrying a failed destination', () => {
  const bench = oneBench();
  let opening: Barrier;
  let recording: Barrier;
  beforeEach(() => {
    [opening, recording] = [new Barrier(), new Barrier()];
    bench.holdState();
    const record = Object.getOwnPropertyDescriptor(JobLogWriter.prototype, 'state')!.value as JobLogWriter['state'];
    vi.spyOn(JobLogWriter.prototype, 'state').mockImplementation(async function state(
      this: JobLogWriter,
      ...parameters
    ) {
      await recording.pass();
      await record.apply(this, parameters);
    });
  });
  afterEach(() => {
    opening.open();
    recording.open();
    vi.restoreAllMocks();
  });

  /** A copy to two disks whose second one has failed. The first waits for the source or its read-back until `goOn`. */
  async function withFailure(
    fault: string | ((two: LabDisk) => Promise<void>),
    heldUp: 'source' | 'first',
    wanted: Facts = {},
    content = seededBytes(SIZE, 1),
  ): Promise<{
    engine: LocalEngine;
    one: LabDisk;
    two: LabDisk;
    goOn: () => Promise<void>;
    result: () => JobResult | undefined;
  }> {
    const image = await bench.path('disk.img');
    await writeFile(image, content);
    const source = await bench.disk({ size: SIZE, file: image });
    const [one, two] = [await bench.disk({ size: SIZE }), await bench.disk({ size: SIZE })];
    const held: NativeAddon = {
      ...addon,
      openDevice: async (path, options) => {
        if (path === two.device) await opening.pass();
        return addon.openDevice(path, options);
      },
    };
    const events: HostEvent[] = [];
    const engine = new LocalEngine(
      () => held,
      (event) => events.push(event),
      () => undefined,
      (error) => {
        throw error;
      },
    );
    bench.finally(() => engine.stop());
    const stateOf = (index: number): string | undefined => {
      const last = events.findLast((event) => event.event === 'progress');
      return last?.event === 'progress' ? last.progress.destinations[index]?.state : undefined;
    };
    const result = (): JobResult | undefined =>
      events.flatMap((event) => (event.event === 'result' ? [event.result] : []))[0];
    await (typeof fault === 'string' ? two.rule(fault) : fault(two));
    const slow = heldUp === 'source' ? source : one;
    await slow.rule('stall r 6M 1M');
    await engine.prepare(requestOf({ source: source.device, destinations: [one.device, two.device], ...wanted }));
    await engine.start();
    await expect.poll(() => stateOf(1), { timeout: 60_000 }).toBe('failed');
    await two.rule('clear');
    return { engine, one, two, result, goOn: () => slow.rule('clear') };
  }

  const isWhole = ({ backing }: LabDisk): boolean =>
    readFileSync(backing).subarray(0, SIZE).equals(seededBytes(SIZE, 1));

  it('retries while the pass of the others ends, and keeps the end of the second attempt', async () => {
    const { engine, one, two, result, goOn } = await withFailure('eio w 0 1M', 'source');
    opening.close();
    recording.close();
    const retrying = engine.retry(1);
    await opening.reached;
    await goOn();
    // The pass has ended. The end of the first destination is being recorded, and the second is next.
    await recording.reached;
    opening.open();
    await Promise.race([retrying, sleep(500)]);
    recording.open();
    await retrying;
    await expect.poll(result, { timeout: 60_000 }).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    for (const disk of [one, two]) expect(isWhole(disk)).toBe(true);
  });

  it('accepts a retry when the pass has ended and its end is not recorded yet', async () => {
    const { engine, two, result, goOn } = await withFailure('eio w 0 1M', 'source');
    recording.close();
    await goOn();
    await recording.reached;
    const retrying = engine.retry(1);
    await Promise.race([retrying.catch(() => undefined), sleep(500)]);
    recording.open();
    await retrying;
    await expect.poll(result, { timeout: 60_000 }).toMatchObject({
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    expect(isWhole(two)).toBe(true);
  });

  it('keeps the end of the first attempt when the job is cancelled before the retry begins', async () => {
    const { engine, result, goOn } = await withFailure('eio w 0 1M', 'source');
    opening.close();
    recording.close();
    const retrying = refused(engine.retry(1));
    await opening.reached;
    await goOn();
    await recording.reached;
    opening.open();
    await sleep(200);
    await engine.cancel();
    recording.open();
    expect(await retrying).toMatchObject([{ code: 'CANCELLED' }]);
    await expect
      .poll(result, { timeout: 60_000 })
      .toMatchObject({ destinations: [{ state: 'done' }, { state: 'failed', errors: [{ code: 'MEDIUM_ERROR' }] }] });
  });

  it('writes again what was bad when verification found a difference', async () => {
    const { engine, one, two, result, goOn } = await withFailure('flip w 5000s 1s 1', 'first');
    await engine.retry(1);
    await goOn();
    await expect.poll(result, { timeout: 60_000 }).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    for (const disk of [one, two]) expect(isWhole(disk)).toBe(true);
  });

  it('writes the zeros when a disk was wrongly taken for blank', async () => {
    const content = Buffer.concat([seededBytes(MiB, 1), Buffer.alloc(SIZE - MiB)]);
    const { engine, two, result, goOn } = await withFailure(
      ({ backing }) => spoil(backing, 5 * MiB),
      'first',
      { assumeBlank: true },
      content,
    );
    await engine.retry(1);
    await goOn();
    await expect.poll(result, { timeout: 60_000 }).toMatchObject({
      writeErr: 0,
      destinations: [
        { state: 'done', verified: true },
        { state: 'done', verified: true, errors: [] },
      ],
    });
    expect(head(two.backing, SIZE).equals(content)).toBe(true);
  });
});
