// Records of ended jobs, and the history that keeps and finds them.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../app/base/errors.ts';
import { keep } from '../../../app/base/kept-request.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { History } from '../../../app/records/history.ts';
import { MOST_ERRORS, recordOf, recordSchema, recordToKeep } from '../../../app/records/record.ts';
import { search } from '../../../app/records/search.ts';
import { speakWith } from '../../../app/words/speech.ts';
import { Bench } from '../cli/support.ts';
import { usbPort } from '../../renderer/support/fixtures.ts';
import { endpoint, ended, GB, mediumError, plan, play } from '../cli/views.ts';
import { record } from './records.ts';

const bench = new Bench();
afterEach(() => bench.clear());

describe('a record of a job', () => {
  test('tells of each drive what it was, how it ended, when and how fast', () => {
    const made = record(
      ['/dev/sdb', '/dev/sdc'],
      [
        ended('/dev/sdb', 'done', true),
        { ...ended('/dev/sdc', 'failed', null, [mediumError]), written: 12 * GB, seconds: 4 },
      ],
    );
    expect(made).toMatchObject({
      outcome: 'partial',
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:10.000Z',
      failure: null,
    });
    expect(made.destinations[0]).toMatchObject({
      model: 'SanDisk Ultra',
      serial: '4C530001',
      readBack: 64 * GB,
      bytesPerSecond: 12.8 * GB,
      errorCount: 0,
    });
    expect(made.destinations[1]).toMatchObject({
      state: 'failed',
      endedAt: '1970-01-01T00:00:04.000Z',
      errorCount: 1,
      errors: [{ code: 'MEDIUM_ERROR', offset: 12 * GB }],
    });
  });

  test.each([
    ['complete', [ended('a', 'done', true), ended('b', 'done', null)]],
    ['partial', [ended('a', 'done', true), ended('b', 'cancelled', null)]],
    ['failed', [ended('a', 'failed', false), ended('b', 'cancelled', null)]],
    ['cancelled', [ended('a', 'cancelled', null), ended('b', 'cancelled', null)]],
  ] as const)('gives a record the outcome %s', (outcome, ends) =>
    expect(record(['a', 'b'], [...ends]).outcome).toBe(outcome),
  );

  test('keeps the id by which a job can be resumed, and gives each later part an id of its own', () => {
    const job = '20261129-074504-afe212';
    expect(record(['/dev/sdb'], undefined, { job }).id).toBe(job);
    expect(record(['/dev/sdb'], undefined, { job, kind: 'resume' }).id).toMatch(/^19700101-000000-[0-9a-f]{6}$/);
  });

  test('has no good destination when the engine failed', () => {
    const broken = play(jobStarted(plan(['/dev/sdb']), 0), {
      event: 'failure',
      failure: { ...mediumError, code: 'HOST_FAILED', op: 'host' },
    });
    expect(recordOf(broken, 5000)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'HOST_FAILED' },
      destinations: [{ state: 'failed', verified: null }],
    });
  });

  test('keeps the first errors of many and their number, and reads as it was written', () => {
    const errors = Array.from({ length: 5000 }, () => mediumError);
    const made = record(['/dev/sdb'], [ended('/dev/sdb', 'failed', null, errors)]);
    expect(made.destinations[0]).toMatchObject({ errorCount: 5000 });
    expect(made.destinations[0]!.errors).toHaveLength(MOST_ERRORS);
    expect(recordSchema.parse(JSON.parse(JSON.stringify(recordToKeep(made))))).toEqual(made);
  });

  test('reads a record of an older version, whose requests had fewer options', () => {
    const made = record(['/dev/sdb']);
    const { stallTimeout, ...older } = keep(made.request);
    expect(stallTimeout).toBe(60);
    expect(recordSchema.parse({ ...made, request: older })).toEqual(made);
    expect(recordSchema.safeParse({ ...recordToKeep(made), version: 2 }).success).toBe(false);
  });

  test('shows the sentences of an older record as they were, and keeps facts beside sentences today', () => {
    const port = usbPort(2, 3);
    const ends = [{ ...ended('/dev/sdb', 'failed', null, [mediumError]) }];
    const made = record(['/dev/sdb'], ends, {
      destinations: [endpoint('/dev/sdb', { port })],
      notes: [{ kind: 'buffered', path: '/dev/sdb' }],
    });
    const kept = JSON.parse(JSON.stringify(recordToKeep(made))) as {
      notes: string[];
      destinations: { port: string; errors: object[] }[];
    };
    expect(kept).toMatchObject({
      notes: [expect.stringMatching(/^\/dev\/sdb does not support direct I\/O/)],
      destinations: [{ port: 'USB bus 1, hub 2, port 3', errors: [{ message: mediumError.message }] }],
    });
    expect(recordSchema.parse(kept)).toEqual(made);
    const sentences: unknown = JSON.parse(JSON.stringify(kept), (key, value: unknown) =>
      ['noteFacts', 'portFacts', 'reason', 'remedy'].includes(key) ? undefined : value,
    );
    expect(recordSchema.parse(sentences)).toMatchObject({
      notes: [{ kind: 'said', text: kept.notes[0] }],
      destinations: [
        {
          port: [{ kind: 'named', name: 'USB bus 1, hub 2, port 3' }],
          errors: [
            { reason: { kind: 'said', text: mediumError.message }, remedy: { kind: 'said', text: mediumError.advice } },
          ],
        },
      ],
    });
  });
});

describe('the history', () => {
  const day = 86_400_000;

  test('keeps the newest records, finds the last one, and skips files that are none', async () => {
    const folder = await bench.directory();
    const history = new History(folder, 3);
    expect(await history.all()).toEqual({ records: [], unreadable: 0 });
    await expect(history.get('last')).rejects.toBeInstanceOf(Refusal);
    const records = [1, 2, 3, 4, 5].map((index) => record(['/dev/sdb'], undefined, {}, index * day));
    for (const one of records) await history.add(one);
    expect(await readdir(join(folder, 'history'))).toHaveLength(3);
    await writeFile(join(folder, 'history', '19700107-000000-abcdef.json'), '{"format":');
    await writeFile(join(folder, 'history', 'notes.txt'), 'mine');
    const fresh = new History(folder, 3);
    expect(await fresh.all()).toEqual({ records: records.slice(2).reverse(), unreadable: 1 });
    expect((await fresh.get(records[4]!.id)).id).toBe(records[4]!.id);
    await expect(fresh.get('last')).rejects.toThrow('It is not a job record');
    await expect(fresh.get('../../etc/passwd')).rejects.toThrow('The history has no job');
  });

  test('says where and why the history cannot be written', async () => {
    const folder = await bench.directory();
    await writeFile(join(folder, 'history'), '');
    await expect(new History(folder).add(record(['/dev/sdb']))).rejects.toMatchObject({
      errors: [{ op: 'write', device: join(folder, 'history') }],
    });
  });

  test('advises another state folder when one record cannot be written', async () => {
    const state = await bench.directory();
    const one = record(['/dev/sdb']);
    await mkdir(join(state, 'history', `${one.id}.json`), { recursive: true });

    const refusal: unknown = await new History(state).add(one).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).errors).toMatchObject([{ remedy: { kind: 'otherStateFolder' } }]);
  });

  test('finds records by words in any order', () => {
    const old = record(
      ['/dev/sdb'],
      undefined,
      { source: endpoint('/images/Büro.img', { kind: 'file', model: null, serial: null }) },
      Date.parse('2026-03-05T12:00:00Z'),
    );
    const bad = record(
      ['/dev/sdc'],
      [ended('/dev/sdc', 'failed', null, [mediumError])],
      { destinations: [endpoint('/dev/sdc', { model: 'Kingston', serial: 'KX99', port: usbPort(2, 3) })] },
      Date.parse('2026-04-06T12:00:00Z'),
    );
    const found = (query: string): number => search([old, bad], query).length;
    expect(search([old, bad], 'büro')).toEqual([old]);
    for (const query of [
      'kx99',
      'hub 2, port 3',
      'KINGSTON failed',
      'failed  kingston',
      '2026-04-06',
      '6 april',
      'medium_error',
      bad.id,
    ])
      expect(search([old, bad], query), query).toEqual([bad]);
    for (const query of ['verified', '/dev/sdb', '2026-03']) expect(search([old, bad], query), query).toEqual([old]);
    speakWith(() => 'de');
    for (const query of ['fehler', 'anschluss 3', 'failed']) expect(search([old, bad], query), query).toEqual([bad]);
    speakWith(() => 'en');
    expect([found(''), found(' '), found('2026'), found('nothing')]).toEqual([2, 2, 2, 0]);
  });
});
