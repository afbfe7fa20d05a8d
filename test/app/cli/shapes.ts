// The JSON lines, exactly as documented: one member more or less is an error.
import { expect } from 'vitest';
import { z } from 'zod';
import { keptRequest } from '../../../app/base/kept-request.ts';
import type { Run } from './support.ts';

const state = z.enum([
  'waiting',
  'comparing',
  'copying',
  'flushing',
  'verifying',
  'repairing',
  'paused',
  'stalled',
  'done',
  'failed',
  'cancelled',
]);
const bytes = z.int().nonnegative();

const error = z.strictObject({
  side: z.enum(['read', 'write', 'verify']).nullable(),
  path: z.string().nullable(),
  code: z.string().regex(/^[A-Z_]+$/),
  errno: z
    .string()
    .regex(/^E[A-Z0-9]+$/)
    .nullable(),
  offset: bytes.nullable(),
  length: bytes.nullable(),
  message: z.string().min(1),
  advice: z.string().min(1),
});

const endpoint = z.strictObject({
  path: z.string(),
  realPath: z.string(),
  kind: z.enum(['block', 'file']),
  size: bytes,
  model: z.string().nullable(),
  serial: z.string().nullable(),
  majorMinor: z.string().nullable(),
  diskSequence: bytes.nullable(),
  port: z.strictObject({ path: z.string(), label: z.string() }).nullable(),
  logicalSector: bytes,
  contents: z.array(z.string()),
  mounts: z.array(z.strictObject({ device: z.string(), target: z.string() })),
  overwrites: z.boolean(),
});

export const planShape = z.strictObject({
  event: z.literal('plan'),
  kind: z.enum(['copy', 'verify', 'repair', 'resume']),
  name: z.string().nullable(),
  source: endpoint.nullable(),
  origin: z.string().nullable(),
  destinations: z.array(endpoint).min(1),
  bytes,
  mapped: bytes.nullable(),
  verify: z.boolean(),
  io: z.enum(['uring', 'threads']),
  memory: bytes,
  notes: z.array(z.string()),
  parts: z
    .array(
      z.strictObject({
        partition: z.number().nullable(),
        signatures: z.array(z.string()),
        offset: bytes,
        size: bytes,
        used: bytes,
        whole: z.string().nullable(),
        saves: bytes,
      }),
    )
    .optional(),
  job: z.string().nullable(),
  request: keptRequest,
});

export const progressShape = z.strictObject({
  event: z.literal('progress'),
  bytes,
  rescue: z
    .strictObject({
      pass: z.enum(['copying', 'trimming', 'scraping', 'retrying']),
      retry: bytes,
      rescued: bytes,
      bad: bytes,
      left: bytes,
      waiting: z.array(bytes),
    })
    .nullable(),
  destinations: z
    .array(
      z.strictObject({
        path: z.string(),
        state,
        written: bytes,
        verified: bytes,
        uncompared: bytes,
        toWrite: bytes,
        toVerify: bytes,
        bytesPerSecond: z.number().nonnegative(),
        secondsLeft: z.number().nonnegative().nullable(),
        paused: z.boolean(),
        letGo: z.literal(true).optional(),
      }),
    )
    .min(1),
});

export const errorShape = z.strictObject({ event: z.literal('error'), ...error.shape });

export const resultShape = z.strictObject({
  event: z.literal('result'),
  outcome: z.enum(['complete', 'partial', 'failed', 'cancelled']),
  readErr: z.union([z.literal(0), z.literal(1)]),
  writeErr: bytes.max(0xffffffff),
  seconds: z.number().nonnegative(),
  bytes,
  manifest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  rescue: z.strictObject({ rescued: bytes, bad: bytes }).nullable(),
  sourceWritten: z.boolean(),
  mapped: bytes.optional(),
  notes: z.array(z.string()),
  job: z.string().nullable(),
  destinations: z
    .array(
      z.strictObject({
        path: z.string(),
        state: z.enum(['done', 'failed', 'cancelled']),
        verified: z.boolean().nullable(),
        uncompared: bytes,
        verdict: z.enum([
          'verified',
          'mappedVerified',
          'sourceWritten',
          'partlyVerified',
          'written',
          'failed',
          'removed',
          'cancelled',
        ]),
        written: bytes,
        kept: bytes,
        durable: bytes.optional(),
        seconds: z.number().nonnegative(),
        errors: z.array(error),
      }),
    )
    .min(1),
});

const line = z.discriminatedUnion('event', [planShape, progressShape, errorShape, resultShape]);

/** Checks the lines of a job that ran: a plan first, a result last, only known lines in between. */
export function expectJobLines(run: Run): void {
  const events = run.lines.map((one) => line.parse(one).event);
  expect(events[0]).toBe('plan');
  expect(events.at(-1)).toBe('result');
  expect(events.slice(1, -1).filter((event) => event === 'plan' || event === 'result')).toEqual([]);
}

/** Checks the lines of a refused job: errors without a side, and nothing else. */
export function expectRefusal(run: Run): z.infer<typeof errorShape>[] {
  expect(run.code, run.stdout + run.stderr).toBe(2);
  const errors = run.lines.filter(({ event }) => event !== 'plan').map((one) => errorShape.parse(one));
  expect(errors.length).toBeGreaterThan(0);
  for (const { side } of errors) expect(side).toBeNull();
  return errors;
}
