// How errors of a job are reported: each place once, neighbours as one range, in order, and the advice once.
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { logReporter } from '../../../app/cli/output/log-reporter.ts';
import type { JobError } from '../../../app/contract/errors.ts';
import { at, joinedErrors } from '../../../app/base/error-ranges.ts';
import { failure } from '../../../app/base/errors.ts';
import { jobStarted, reduce, type JobEvent } from '../../../app/view/reduce-events.ts';
import { canLab } from '../../lab/lab.ts';
import { Bench, MiB, platter, resultOf } from './support.ts';
import { ended, plan, progress, result, sample } from './views.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** A difference of `length` MiB at `offset` MiB. */
function differs(offset: number, length = 1, destination = 0): JobError {
  const place = { offset: offset * MiB, length: length * MiB };
  return {
    ...failure({
      code: 'VERIFY_MISMATCH',
      op: 'verify',
      device: '/dev/sdb',
      ...place,
      reason: { kind: 'failedAt', what: 'verify', place, cause: { kind: 'otherThanWritten' } },
    }),
    side: 'verify',
    destination,
  };
}
const gone: JobError = {
  ...failure({
    code: 'DEVICE_GONE',
    op: 'verify',
    device: '/dev/sdb',
    reason: { kind: 'removedMeanwhile', sign: 'removed' },
  }),
  side: 'verify',
  destination: 0,
};

describe('F24 errors that arrive chunk by chunk', () => {
  test('joins neighbouring chunks into ascending ranges, and keeps other failures and destinations apart', () => {
    const errors = [
      differs(40),
      differs(21),
      gone,
      differs(20),
      differs(23, 2),
      differs(22),
      differs(30, 1, 1),
      differs(25),
    ];
    expect(joinedErrors(errors)).toEqual([differs(20, 6), differs(40), gone, differs(30, 1, 1)]);
    expect(joinedErrors(errors)[0]!.message).toContain('at 21.0 MB (sectors 40,960 to 53,247)');
  });

  test('keeps in a joined error the name under which an incomplete image is kept', () => {
    const [one, two] = [differs(1), differs(2)].map((error) => ({
      ...error,
      reason: { kind: 'keptAs', reason: error.reason, part: 'a.img.part' } as const,
    }));
    expect(joinedErrors([two!, one!])).toEqual([at(one!, { offset: MiB, length: 2 * MiB })]);
    expect(joinedErrors([two!, one!])[0]!.message).toContain('(the incomplete image is kept as a.img.part)');
  });

  /** The lines that a log prints on stderr for these events. */
  function told(...events: JobEvent[]): string[] {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    stdout.resume();
    const reporter = logReporter(stdout, stderr);
    let view = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    for (const event of events) reporter.onEvent(event, (view = reduce(view, event)));
    return String(stderr.read() ?? '')
      .trimEnd()
      .split('\n');
  }
  const happened = (...errors: JobError[]): JobEvent[] => errors.map((error) => ({ event: 'error', error }));

  test('reports the first place at once with advice, and the others at the end as ranges without it', () => {
    const errors = [differs(21), differs(20), differs(40), differs(22)];
    const lines = told(...happened(...errors), {
      event: 'result',
      result: result([ended('/dev/sdb', 'failed', false, joinedErrors(errors)), ended('/dev/sdc', 'done', true)]),
    });
    expect(lines).toEqual([
      'platter: /dev/sdb: Verification failed at 22.0 MB (sectors 43,008 to 45,055): ' +
        'the data read back differs from the data written. Do not use this copy; ' +
        'write it again, and replace the drive if it happens again.',
      'platter: /dev/sdb: Verification failed at 21.0 MB (sectors 40,960 to 47,103): ' +
        'the data read back differs from the data written.',
      'platter: /dev/sdb: Verification failed at 41.9 MB (sectors 81,920 to 83,967): ' +
        'the data read back differs from the data written.',
    ]);
  });

  test('counts the places of one destination after the first twenty', () => {
    const errors = Array.from({ length: 50 }, (_, index) => differs(2 * index));
    const lines = told(...happened(...errors), {
      event: 'result',
      result: result([ended('/dev/sdb', 'failed', false, errors), ended('/dev/sdc', 'done', true)]),
    });
    expect(lines).toHaveLength(1 + 20 + 1);
    expect(lines.at(-1)).toBe('platter: /dev/sdb: 29 more places; --json and the report list them.');
  });

  test('reports again a destination that was retried and fails again', () => {
    const job = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    const states = (state: 'failed' | 'copying'): JobEvent =>
      sample(job, [progress('/dev/sdb', state), progress('/dev/sdc', 'copying')]);
    const lines = told(...happened(differs(1)), states('failed'), states('copying'), ...happened(differs(1)));
    expect(lines).toHaveLength(2);
  });
});

describe.skipIf(canLab() !== null)('F24 a drive that holds less than it says', () => {
  test('F24 reports a drive that holds less than it says once, with the likely reason, everywhere', async () => {
    const source = await bench.image('disk.img', 32 * MiB);
    const disk = await bench.disk({ size: 32 * MiB });
    await disk.rule('drop w 16M 16M');
    const json = await platter(['copy', source, disk.device, '--yes', '--json']);
    const [destination] = resultOf(json).destinations;
    expect(destination).toMatchObject({
      verdict: 'failed',
      errors: [
        {
          code: 'VERIFY_MISMATCH',
          offset: 16 * MiB,
          length: 16 * MiB,
          message: expect.stringMatching(
            /^All data from 16\.8 MB .* the drive may be smaller than it claims/u,
          ) as string,
        },
      ],
    });
    const lines = (await platter(['copy', source, disk.device, '--yes'])).stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('Verification failed at');
    expect(lines[1]).toMatch(/All data from 16\.8 MB \(sectors 32,768 to 65,535\).*f3probe/u);
    expect((await platter(['history'])).stdout).toContain('the drive may be smaller than it claims');
  });

  test('F25 says "not verified" everywhere when nothing was read back', async () => {
    const source = await bench.image('disk.img', 4 * MiB);
    const disk = await bench.disk({ size: 4 * MiB });
    await disk.rule('drop w 2M 2M');
    const run = await platter(['copy', source, disk.device, '--yes', '--no-verify']);
    expect(run.stdout).toContain(`${disk.device}: written, not verified`);
    expect(run.stdout).toContain('1 written but not verified: 4.2 MB in ');
    expect((await platter(['history'])).stdout).toContain('written, not verified');
    expect((await platter(['history', '--csv'])).stdout).toContain('"written, not verified"');
    const json = await platter(['copy', source, disk.device, '--yes', '--no-verify', '--json']);
    expect(resultOf(json).destinations[0]).toMatchObject({ verdict: 'written', verified: null });
  });
});
