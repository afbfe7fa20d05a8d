// Every surface gives the same verdict on a job, in all combinations of ends.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exitCode } from '../../../app/cli/output/exit-code.ts';
import { historyLines } from '../../../app/cli/output/history-lines.ts';
import { finalLines, logEnd } from '../../../app/cli/output/job-lines.ts';
import { resultLine } from '../../../app/cli/output/json.ts';
import { plain } from '../../../app/cli/output/text.ts';
import type { JobError } from '../../../app/contract/errors.ts';
import type { Note } from '../../../app/contract/facts.ts';
import type { DestinationResult, JobResult } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { recordsCsv } from '../../../app/records/csv.ts';
import type { reportPdf } from '../../../app/records/pdf.ts';
import { recordOf, recordSchema, recordToKeep } from '../../../app/records/record.ts';
import { countsOf } from '../../../app/view/total-progress.ts';
import { newsOf } from '../../../app/view/news.ts';
import { tilesOf } from '../../../app/view/destination-progress.ts';
import { outcomeOf, verdictOf, type Verdict } from '../../../app/view/verdict.ts';
import { stateWord } from '../../../app/words/states.ts';
import { ended, mediumError, plainScreen, plan, play, progress, result, sample } from '../cli/views.ts';

const gone: JobError = { ...mediumError, code: 'DEVICE_GONE' };
/** The built module, because it finds its fonts beside itself. */
const PDF = new URL('../../../out/records/pdf.js', import.meta.url).href;
const N = 1_048_576;

/** Every way in which a destination can end. */
const ENDS: (Pick<DestinationResult, 'state' | 'verified' | 'uncompared'> & { errors: JobError[] })[] = (
  ['done', 'failed', 'cancelled'] as const
).flatMap((state) =>
  [true, false, null].flatMap((verified) =>
    [0, N].flatMap((uncompared) =>
      [[], [mediumError], [gone]].map((errors) => ({ state, verified, uncompared, errors })),
    ),
  ),
);

/** The verdict by the rules, without code of the program. */
function expected({ state, verified, uncompared, errors }: (typeof ENDS)[number], sourceWritten: boolean): Verdict {
  const table: Record<string, Verdict> = {
    cancelled: 'cancelled',
    failed: errors.includes(gone) ? 'removed' : 'failed',
  };
  if (state !== 'done') return table[state]!;
  if (verified === false) return 'failed';
  const proof = `${verified === true ? 'all' : 'none'} ${uncompared === 0 ? '' : 'partly'}`.trim();
  return {
    all: sourceWritten ? 'sourceWritten' : 'verified',
    none: 'written',
    'all partly': 'partlyVerified',
    'none partly': 'partlyVerified',
  }[proof] as Verdict;
}

/** The words for each verdict, on the command line and in the table. */
const PHRASES: Record<Verdict, string> = {
  verified: 'verified',
  mappedVerified: 'verified: the 0 bytes that the map lists',
  sourceWritten: 'verified, but the source was written to during the job',
  partlyVerified: 'verified except 1,048,576 bytes',
  written: 'written, not verified',
  failed: 'failed',
  removed: 'removed',
  cancelled: 'cancelled',
};

interface Job {
  ends: typeof ENDS;
  sourceWritten: boolean;
  bad: number | null;
  notes: Note[];
}

function viewOf({ ends, sourceWritten, bad, notes }: Job): { before: JobView; view: JobView; result: JobResult } {
  const paths = ends.map((_, index) => `/dev/sd${String.fromCharCode(98 + index)}`);
  const started = jobStarted(plan(paths, { notes }), 0);
  const before = play(
    started,
    sample(
      started,
      paths.map((path) => progress(path, 'verifying')),
    ),
  );
  const made = result(
    ends.map((end, index) => ({
      ...ended(paths[index]!, end.state, end.verified, end.errors),
      uncompared: end.uncompared,
    })),
    { sourceWritten, rescue: bad === null ? null : { rescued: 1, bad } },
  );
  return { before, view: play(before, { event: 'result', result: made }), result: made };
}

/** All jobs of one destination, and of two. */
function* jobs(): Generator<Job> {
  const some = ENDS.filter(
    ({ errors, state, verified }) => errors.length === 0 || (state === 'failed' && verified === null),
  );
  const pairs = some.flatMap((one) => some.map((other) => [one, other]));
  for (const ends of [...ENDS.map((end) => [end]), ...pairs]) {
    for (const sourceWritten of [false, true])
      for (const bad of [null, 0, 4096]) {
        for (const notes of [[], [{ kind: 'leftOut', path: '/dev/sdz' } as const]])
          yield { ends, sourceWritten, bad, notes };
      }
  }
}

const CODES = { complete: 0, partial: 1, failed: 3, cancelled: 130 } as const;

/** "2 verified": the counted words of a header belong to this verdict and no other. */
const headerStates = (view: JobView): string[] =>
  countsOf(tilesOf(view)).flatMap(({ state, text }) => Array.from({ length: Number.parseInt(text, 10) }, () => state));

describe('the verdict on every destination of every job', () => {
  it('S4 gives one verdict in the window, on the command line, in JSON, in the history and in CSV', () => {
    let count = 0;
    for (const job of jobs()) {
      count += 1;
      const { view, result: made } = viewOf(job);
      const verdicts = job.ends.map((end) => expected(end, job.sourceWritten));
      const said = JSON.stringify(job);
      const record = recordOf(view, 1000);
      expect(
        made.destinations.map((one) => verdictOf(one, made)),
        said,
      ).toEqual(verdicts);
      expect(
        tilesOf(view).map(({ state }) => state),
        said,
      ).toEqual(verdicts);
      expect(headerStates(view).sort(), said).toEqual([...verdicts].sort());
      expect(
        resultLine(made, view).destinations.map(({ verdict }) => verdict),
        said,
      ).toEqual(verdicts);
      expect(
        (recordToKeep(record) as { destinations: { verdict: Verdict }[] }).destinations.map(({ verdict }) => verdict),
        said,
      ).toEqual(verdicts);
      expect(
        record.destinations.map((one) => verdictOf(one, record)),
        said,
      ).toEqual(verdicts);
      const rows = recordsCsv([record]).trim().split('\r\n').slice(1);
      const [log, history] = [logEnd(view), historyLines([record], 0, plain, false, 'UTC').slice(2)];
      for (const [index, verdict] of verdicts.entries()) {
        expect(rows[index], said).toContain(
          PHRASES[verdict].includes(',') ? `"${PHRASES[verdict]}"` : `,${PHRASES[verdict]},`,
        );
        const { path } = made.destinations[index]!;
        expect(log[index], said).toMatch(new RegExp(`^${path}: ${PHRASES[verdict]}(:|$)`, 'u'));
        expect(history[index], said).toMatch(new RegExp(`: ${PHRASES[verdict]}(\\.|$)`, 'u'));
        expect(finalLines(view, plainScreen(200))[index], said).toContain(`  ${PHRASES[verdict]}`);
      }
    }
    expect(count).toBeGreaterThan(3000);
  });

  it('S4 gives one outcome in JSON, exit code, history, CSV, sound and notification', () => {
    for (const job of jobs()) {
      const { before, view, result: made } = viewOf(job);
      const said = JSON.stringify(job);
      const verdicts = job.ends.map((end) => expected(end, job.sourceWritten));
      const usable = verdicts.filter((verdict) =>
        ['verified', 'sourceWritten', 'partlyVerified', 'written'].includes(verdict),
      );
      const plainlyGood =
        verdicts.every((verdict) => verdict === 'verified' || verdict === 'written') &&
        !job.sourceWritten &&
        (job.bad ?? 0) === 0 &&
        job.notes.length === 0;
      const wanted =
        usable.length > 0
          ? plainlyGood
            ? 'complete'
            : 'partial'
          : verdicts.every((verdict) => verdict === 'cancelled')
            ? 'cancelled'
            : 'failed';
      const record = recordOf(view, 1000);
      expect(outcomeOf(made, view.plan.notes), said).toBe(wanted);
      expect(resultLine(made, view).outcome, said).toBe(wanted);
      expect(exitCode(made, view.plan, false), said).toBe(CODES[wanted]);
      expect(exitCode(made, view.plan, true), said).toBe(verdicts.includes('cancelled') ? 130 : CODES[wanted]);
      expect(record.outcome, said).toBe(wanted);
      expect(recordSchema.parse(JSON.parse(JSON.stringify(recordToKeep(record)))), said).toEqual(record);
      expect(recordsCsv([record]).split('\r\n')[1], said).toContain(`,${wanted},`);
      expect(newsOf(before, view).ended, said).toBe(
        wanted === 'cancelled' ? null : wanted === 'complete' ? 'good' : 'bad',
      );
    }
  });

  const folder = mkdtempSync(join(tmpdir(), 'platter-verdict-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(
    ENDS.filter(({ errors }, index) => errors.length === 0 || index % 5 === 0).flatMap((end) =>
      [false, true].map((sourceWritten) => [expected(end, sourceWritten), end, sourceWritten] as const),
    ),
  )('S4 prints on paper the verdict %s', async (verdict, end, sourceWritten) => {
    const { view } = viewOf({ ends: [end], sourceWritten, bad: null, notes: [] });
    const path = join(folder, 'report.pdf');
    const built = (await import(PDF)) as { reportPdf: typeof reportPdf };
    writeFileSync(path, await built.reportPdf(recordOf(view, 1000), 'en'));
    const { stdout } = spawnSync('pdftotext', ['-raw', path, '-'], { encoding: 'utf8' });
    const text = stdout.replaceAll(/\s+/gu, ' ');
    for (const word of stateWord(verdict).split(' ')) expect(text).toContain(word);
    expect(text.includes('Every byte was read back')).toBe(end.uncompared === 0 && end.verified === true);
    if (verdict === 'partlyVerified') expect(text).toContain('1,048,576 bytes) not compared');
    if (sourceWritten) expect(text).toContain('The source was written to during the job');
    if (verdict !== 'verified') expect(text).not.toMatch(/\b1 verified(?! in part|, but)/u);
  });
});

describe('a destination that was removed', () => {
  const lines = (ends: Partial<DestinationResult>[], kind: 'copy' | 'verify' = 'copy'): string[] => {
    const paths = ends.map((_, index) => `/dev/sd${String.fromCharCode(98 + index)}`);
    const started = jobStarted(plan(paths, { kind }), 0);
    const made = result(ends.map((end, index) => ({ ...ended(paths[index]!, 'failed', null, [gone]), ...end })));
    return logEnd(
      play(
        started,
        sample(
          started,
          paths.map((path) => progress(path, 'failed')),
        ),
        { event: 'result', result: made },
      ),
    );
  };
  const said = (end: Partial<DestinationResult>, kind?: 'verify'): string[] =>
    lines([end], kind).map((line) => line.replace(`: ${gone.message}`, ''));

  it.each([
    ['what was flushed', { durable: 12e9, written: 14e9 }, 'removed with 12.0 GB of 64.0 GB flushed'],
    [
      'what was there already',
      { durable: 12e9, written: 1e9, kept: 11e9 },
      'removed with 12.0 GB of 64.0 GB on its medium',
    ],
    [
      'what was written and not flushed',
      { durable: 0, written: 14e9 },
      'removed with 14.0 GB of 64.0 GB written and nothing flushed',
    ],
    ['nothing', { durable: 0, written: 0 }, 'removed with nothing written'],
    [
      'what was written, where nobody can tell what was flushed',
      { written: 14e9 },
      'removed with 14.0 GB of 64.0 GB written',
    ],
  ])('says that a removed destination has %s, in its line and in the verdict', (_, end, phrase) => {
    expect(said(end)).toEqual([`/dev/sdb: ${phrase}`, `1 removed in 10 s. /dev/sdb was ${phrase}.`]);
  });

  it('says only that a destination was removed when nothing was written and nothing is known', () => {
    expect(said({ written: 0 })).toEqual(['/dev/sdb: removed', '1 removed in 10 s.']);
    expect(said({ written: 0 }, 'verify')).toEqual(['/dev/sdb: removed', '1 removed in 10 s.']);
  });

  it('says what a removed destination has in its own line when there are several', () => {
    expect(lines([{ durable: 12e9 }, { durable: 3e9 }]).at(-1)).toBe(
      '2 removed in 10 s. What was removed holds only a part of the copy.',
    );
  });

  it('says what a removed destination has on a terminal beside the reason, and in the history', () => {
    const started = jobStarted(plan(['/dev/sdb']), 0);
    const view = play(started, sample(started, [progress('/dev/sdb', 'failed')]), {
      event: 'result',
      result: result([{ ...ended('/dev/sdb', 'failed', null, [gone]), durable: 12e9 }]),
    });
    expect(finalLines(view, plainScreen(200))[0]).toMatch(
      /^ {2}. \/dev\/sdb {2}removed with 12\.0 GB of 64\.0 GB flushed: Write failed/u,
    );
    expect(historyLines([recordOf(view, 1000)], 0, plain).at(-1)).toContain(
      ': removed with 12.0 GB of 64.0 GB flushed. Write failed',
    );
  });
});

describe('a destination of a running job', () => {
  it('S4 is not called verified when part of it was not compared', () => {
    const started = jobStarted(plan(['/dev/sdb', '/dev/sdc']), 0);
    const view = play(
      started,
      sample(started, [progress('/dev/sdb', 'done', { uncompared: N }), progress('/dev/sdc', 'verifying')]),
    );
    expect(tilesOf(view).map(({ state }) => state)).toEqual(['partlyVerified', 'verifying']);
    expect(finalLines(view, plainScreen(200))[0]).toContain('verified except 1,048,576 bytes');
  });
});
