// What proves that a destination equals its source, compared with a model that knows every byte.
import { describe, expect, it } from 'vitest';
import { allChunks, noChunks } from '../../../app/engine/formats/chunk-sets.ts';
import { hasChunk, markChunks } from '../../../app/engine/formats/chunks.ts';
import { Evidence, wasReadToItsEnd, type Compared } from '../../../app/engine/job/pass/evidence.ts';
import type { NativeDevice, NativeError } from '../../../app/engine/native/addon.ts';

const grid = { bytes: 5 * 64 + 20, chunkSize: 64 };
const device = {} as NativeDevice;

const pass = (more: Partial<Compared> & { job: Compared['job'] }): Compared => ({
  todo: undefined,
  check: undefined,
  state: 'done',
  errors: [],
  sourceFailed: false,
  ...more,
});

const chunks = (...members: number[]): Uint8Array => {
  const set = noChunks(grid);
  for (const chunk of members) markChunks(set, chunk, 1, true);
  return set;
};

const error = (more: Partial<NativeError>): NativeError => ({
  side: 'verify',
  destination: 0,
  cause: 'mismatch',
  errno: null,
  flush: false,
  offset: 0,
  length: 1,
  ...more,
});

describe('evidence of a copy', () => {
  it('S4 lacks everything before a comparison, and nothing after a whole one', () => {
    const evidence = new Evidence(grid);
    expect(evidence.missing).toBe(grid.bytes);
    evidence.take(pass({ job: { op: 'compare', source: device } }));
    expect(evidence.missing).toBe(0);
  });

  it('S4 lacks what a copy does not read back', () => {
    const evidence = new Evidence(grid);
    evidence.take(pass({ job: { op: 'copy', source: device, verify: false } }));
    expect(evidence.missing).toBe(grid.bytes);
  });

  it('S4 lacks the chunks without a hash when hashes are compared', () => {
    const evidence = new Evidence(grid);
    evidence.take(pass({ job: { op: 'compare', source: null, known: chunks(0, 2, 5) }, check: allChunks(grid) }));
    expect(evidence.missing).toBe(3 * 64);
    evidence.take(pass({ job: { op: 'compare', source: device }, check: chunks(1, 3, 4) }));
    expect(evidence.missing).toBe(0);
  });

  it('S4 loses what is written again, filled with zeros, or found different', () => {
    const evidence = new Evidence(grid, allChunks(grid));
    evidence.take(pass({ job: { op: 'copy', source: device, verify: true }, todo: chunks(1), check: noChunks(grid) }));
    expect(evidence.missing).toBe(64);
    evidence.take(pass({ job: { op: 'zero', source: null, offset: 0, length: 64 } }));
    expect(evidence.missing).toBe(128);
    evidence.take(
      pass({ job: { op: 'compare', source: device }, state: 'failed', errors: [error({ offset: 70, length: 10 })] }),
    );
    expect(evidence.missing).toBe(10);
  });

  it('S4 lacks everything for a destination that dropped out or whose source failed', () => {
    for (const more of [
      { state: 'cancelled' as const },
      { state: 'failed' as const, errors: [error({ cause: 'medium' })] },
      {
        state: 'failed' as const,
        errors: [error({ cause: 'gone' })],
        job: { op: 'compare', source: device, ignoreWrite: true } as const,
      },
      { state: 'failed' as const, sourceFailed: true },
    ]) {
      const evidence = new Evidence(grid);
      evidence.take(pass({ job: { op: 'compare', source: device }, ...more }));
      expect(evidence.missing).toBe(grid.bytes);
    }
  });

  it('S4 proves of a copy from another destination no more than that one has proven', () => {
    const [model, copy] = [new Evidence(grid, chunks(0, 1, 2)), new Evidence(grid)];
    copy.takeFrom(model, pass({ job: { op: 'copy', source: device, verify: true, offset: 0, length: grid.bytes } }));
    expect(copy.missing).toBe(grid.bytes - 3 * 64);
    model.takeFrom(
      model,
      pass({ job: { op: 'copy', source: device, verify: true }, todo: noChunks(grid), check: allChunks(grid) }),
    );
    expect(model.missing).toBe(grid.bytes - 3 * 64);
  });

  it('S4 agrees with a model of every byte over random passes', () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let run = 0; run < 300; run += 1) {
      const evidence = new Evidence(grid);
      const proven = new Uint8Array(grid.bytes);
      for (let step = 0; step < 12; step += 1) {
        const whole = random(2) === 0;
        const offset = whole ? 0 : random(grid.bytes);
        const length = whole ? grid.bytes : 1 + random(grid.bytes - offset);
        const set = (): Uint8Array | undefined =>
          whole && random(2) === 0 ? chunks(...[0, 1, 2, 3, 4, 5].filter(() => random(2) === 0)) : undefined;
        const [todo, check] = [set(), set()];
        const within = (chosen: Uint8Array | undefined, byte: number): boolean =>
          byte >= offset &&
          byte < offset + length &&
          (chosen === undefined || hasChunk(chosen, Math.floor((byte - offset) / 64)));
        const errors = random(3) === 0 ? [error({ offset: random(grid.bytes), length: 1 + random(40) })] : [];
        const op = (['copy', 'compare', 'zero'] as const)[random(3)]!;
        evidence.take(
          pass({
            job: { op, source: device, offset, length, verify: true },
            todo,
            check,
            errors,
            state: errors.length > 0 ? 'failed' : 'done',
          }),
        );
        for (let byte = 0; byte < grid.bytes; byte += 1) {
          if (op !== 'compare' && within(todo, byte)) proven[byte] = 0;
          if (op !== 'zero' && within(check, byte)) proven[byte] = 1;
          if (op !== 'zero' && errors.some((one) => byte >= one.offset && byte < one.offset + one.length))
            proven[byte] = 0;
        }
        expect(evidence.missing).toBe(proven.filter((byte) => byte === 0).length);
      }
    }
  });

  it('reads a source to its end past bad blocks only when the job keeps going', () => {
    const bad = [error({ cause: 'medium' })];
    expect([true, false].map((keepsGoing) => wasReadToItsEnd('failed', bad, false, keepsGoing))).toEqual([true, false]);
    expect(wasReadToItsEnd('failed', [error({})], false, false)).toBe(true);
    expect(wasReadToItsEnd('failed', [error({ flush: true })], false, true)).toBe(false);
  });
});
