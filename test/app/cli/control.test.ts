// What keys and control lines mean: pure, for a job in any state.
import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../../app/cli/control.ts';
import { keysIn, meaning } from '../../../app/cli/keys.ts';
import type { DestinationProgress } from '../../../app/contract/jobs.ts';
import type { JobView } from '../../../app/contract/window.ts';
import { jobStarted } from '../../../app/view/reduce-events.ts';
import { plan, play, progress, sample } from './views.ts';

const PATHS = ['/dev/sdb', 'copy.img'];

describe('control lines', () => {
  test.each([
    ['{"call":"pause","destination":null,"paused":true}', { call: 'pause', destination: null, paused: true }],
    ['{"call":"pause","destination":1,"paused":false}', { call: 'pause', destination: 1, paused: false }],
    ['{"call":"pause","destination":"copy.img","paused":true}', { call: 'pause', destination: 1, paused: true }],
    [
      '{"call":"throttle","destination":"/dev/sdb","bytesPerSecond":1048576}',
      { call: 'throttle', destination: 0, bytesPerSecond: 1048576 },
    ],
    [
      '{"call":"throttle","destination":null,"bytesPerSecond":null}',
      { call: 'throttle', destination: null, bytesPerSecond: null },
    ],
    ['{"call":"cancel","destination":0}', { call: 'cancel', destination: 0 }],
    ['{"call":"cancel","destination":null}', { call: 'cancel', destination: null }],
    ['  {"call":"retry","destination":1} ', { call: 'retry', destination: 1 }],
  ])('%s', (line, command) => expect(parseCommand(line, PATHS)).toEqual({ command }));

  test.each([
    'pause',
    '',
    '{',
    'null',
    '[]',
    '"pause"',
    '{}',
    '{"call":"pause"}',
    '{"call":"stop","destination":null}',
    '{"call":"pause","destination":null}',
    '{"call":"pause","destination":null,"paused":1}',
    '{"call":"pause","destination":null,"paused":true,"x":1}',
    '{"call":"pause","destination":2,"paused":true}',
    '{"call":"pause","destination":-1,"paused":true}',
    '{"call":"pause","destination":0.5,"paused":true}',
    '{"call":"pause","destination":"/dev/sdc","paused":true}',
    '{"call":"cancel"}',
    '{"call":"retry","destination":null}',
    '{"call":"retry","destination":"__proto__"}',
    '{"call":"throttle","destination":null,"bytesPerSecond":0}',
    '{"call":"throttle","destination":null,"bytesPerSecond":-1}',
    '{"call":"throttle","destination":null,"bytesPerSecond":1e400}',
    '{"call":"throttle","destination":null,"bytesPerSecond":"20M"}',
    '{"call":"throttle","destination":null,"bytesPerSecond":0.5}',
  ])('%j is refused, by name', (line) => {
    expect(parseCommand(line, PATHS)).toMatchObject({
      error: { code: 'BAD_ARGUMENT', message: expect.stringContaining('Nothing was changed.') as string },
    });
  });

  test('does not repeat a line of absurd length', () => {
    const { error } = parseCommand(`{"call":"${'x'.repeat(1 << 20)}"}`, PATHS) as { error: { message: string } };
    expect(error.message.length).toBeLessThan(200);
    const long = parseCommand('y'.repeat(1000), PATHS) as { error: { message: string } };
    expect(long.error.message.length).toBeLessThan(400);
  });
});

describe('keys', () => {
  test.each([
    ['p', ['pause']],
    ['\u001b[A\u001b[B', ['up', 'down']],
    ['\u001bOA', ['up']],
    ['kj', ['up', 'down']],
    ['\u001b', ['all']],
    ['\u001bp', ['all', 'pause']],
    ['x', ['cancel']],
    ['r', ['retry']],
    ['q?P\r\n', []],
    ['\u001b[3~', []],
    ['\u001b[1;5A', []],
    ['日本p', ['pause']],
  ])('%j', (text, keys) => expect(keysIn(text)).toEqual(keys));

  const job = (...destinations: DestinationProgress[]): JobView => {
    const started = jobStarted(plan(destinations.map(({ path }) => path)), 0);
    return play(started, sample(started, destinations));
  };
  const two = job(progress('a', 'copying'), progress('b', 'copying'));

  test('p pauses every working destination, and continues when all are paused', () => {
    expect(meaning('pause', { index: null }, two)).toEqual({
      command: { call: 'pause', destination: null, paused: true },
    });
    const half = job(progress('a', 'paused', { paused: true }), progress('b', 'copying'), progress('c', 'done'));
    expect(meaning('pause', { index: null }, half)).toEqual({
      command: { call: 'pause', destination: null, paused: true },
    });
    const whole = job(progress('a', 'paused', { paused: true }), progress('b', 'done'));
    expect(meaning('pause', { index: null }, whole)).toEqual({
      command: { call: 'pause', destination: null, paused: false },
    });
    expect(meaning('pause', { index: null }, job(progress('a', 'done')))).toBeNull();
  });

  test('p, x and r act on the chosen destination alone', () => {
    const mixed = job(progress('a', 'paused', { paused: true }), progress('b', 'copying'), progress('c', 'failed'));
    expect(meaning('pause', { index: 0 }, mixed)).toEqual({
      command: { call: 'pause', destination: 0, paused: false },
    });
    expect(meaning('pause', { index: 1 }, mixed)).toEqual({ command: { call: 'pause', destination: 1, paused: true } });
    expect(meaning('pause', { index: 2 }, mixed)).toBeNull();
    expect(meaning('cancel', { index: 1 }, mixed)).toEqual({ command: { call: 'cancel', destination: 1 } });
    expect(meaning('cancel', { index: 2 }, mixed)).toBeNull();
    expect(meaning('retry', { index: 2 }, mixed)).toEqual({ command: { call: 'retry', destination: 2 } });
    expect(meaning('retry', { index: 1 }, mixed)).toBeNull();
  });

  test('x and r do nothing without a choice, so that no slip cancels everything', () => {
    expect(meaning('cancel', { index: null }, two)).toBeNull();
    expect(meaning('retry', { index: null }, two)).toBeNull();
  });

  test('keeps the choice within the destinations', () => {
    expect(meaning('down', { index: null }, two)).toEqual({ index: 0 });
    expect(meaning('down', { index: 0 }, two)).toEqual({ index: 1 });
    expect(meaning('down', { index: 1 }, two)).toEqual({ index: 1 });
    expect(meaning('up', { index: null }, two)).toEqual({ index: 1 });
    expect(meaning('up', { index: 0 }, two)).toEqual({ index: 0 });
    expect(meaning('all', { index: 1 }, two)).toEqual({ index: null });
  });
});
