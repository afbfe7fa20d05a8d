// The request that each command line makes, with every option of every command, and the refusals of invalid ones.
import { TEXTS } from '../../../app/cli/help.ts';
import { spawnSync } from 'node:child_process';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { commands, type Asked } from '../../../app/cli/commands.ts';
import { plainRun } from '../../../app/contract/options/option-types.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { commandLine } from '../../../renderer/command-line.ts';
import { plainImageFormat } from '../../../app/contract/request-facts.ts';
import { asked as requestOf, type Facts } from '../../requests.ts';

const MiB = 1024 ** 2;

interface Typed {
  request: Asked | null;
  options: object;
  other: unknown[];
}

/** The request of `platter ARGS`. Throws what the parser throws. */
async function ask(...args: string[]): Promise<Typed> {
  const asked: Typed = { request: null, options: {}, other: [] };
  const other = (...values: unknown[]): Promise<number> => {
    asked.other = values;
    return Promise.resolve(0);
  };
  const program = commands(
    {
      list: other,
      info: other,
      mount: other,
      unmount: other,
      check: other,
      jobs: other,
      forget: other,
      history: other,
      report: other,
      job: (request, options) => {
        Object.assign(asked, { request, options });
        return Promise.resolve(0);
      },
    },
    () => undefined,
  );
  for (const command of [program, ...program.commands]) command.configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['node', 'platter', ...args]);
  return asked;
}

const copy = (facts: Facts = {}): JobRequest => requestOf({ source: 'a', destinations: ['b'], ...facts });

describe('copy', () => {
  test.each<[string[], Facts]>([
    [[], {}],
    [['--name', 'Room 12, week 3'], { name: 'Room 12, week 3' }],
    [['--no-verify'], { verify: false }],
    [['--update'], { update: true }],
    [['--update', '--manifest-from', 'old'], { update: true, manifest: 'old' }],
    [['--manifest', 'new'], { saveManifest: 'new' }],
    [
      ['--update', '--manifest-from', 'old', '--manifest', 'new'],
      { update: true, manifest: 'old', saveManifest: 'new' },
    ],
    [['--repair'], { repair: true }],
    [['--keep-going'], { keepGoing: true }],
    [['--rescue'], { rescue: { retries: 0, map: null } }],
    [['--rescue', '--retries', '3'], { rescue: { retries: 3, map: null } }],
    [['--map', 'm'], { rescue: { retries: 0, map: 'm' } }],
    [['--map', 'm', '--retries', '1'], { rescue: { retries: 1, map: 'm' } }],
    [['--no-sparse'], { sparse: false }],
    [['--assume-blank'], { assumeBlank: true }],
    [['--as-is'], { asIs: true }],
    [['--anonymous'], { anonymous: true }],
    [['--split', 'fat'], { imageFormat: { ...plainImageFormat, split: 4095 * MiB } }],
    [['--split', '1500K'], { imageFormat: { ...plainImageFormat, split: MiB } }],
    [['--throttle', '20M'], { throttle: 20 * MiB }],
    [['--throttle', '1.5M/s'], { throttle: 1.5 * MiB }],
    [['--stall-timeout', '0'], { stallTimeout: 0 }],
    [['--stall-timeout', '2.5'], { stallTimeout: 2.5 }],
    [['--io', 'threads', '--memory', '1M'], { io: 'threads', memory: MiB }],
  ])('%j', async (options, facts) => expect((await ask('copy', 'a', 'b', ...options)).request).toEqual(copy(facts)));

  test('finds the limit of a destination by its path, wherever the option stands', async () => {
    const { request } = await ask('copy', '--throttle-dest', 'c=d=5M', 'a', 'b', 'c=d', '--throttle-dest', 'b=1M');
    expect(request).toEqual(copy({ destinations: ['b', 'c=d'], destinationThrottles: [MiB, 5 * MiB] }));
    expect((await ask('copy', 'a', 'b', 'c', '--throttle-dest', 'c=5M')).request).toEqual(
      copy({ destinations: ['b', 'c'], destinationThrottles: [null, 5 * MiB] }),
    );
  });

  test('accepts the levels of the log for --log-level, and nothing else', async () => {
    expect((await ask('copy', 'a', 'b', '--log-level', 'debug')).options).toMatchObject({ logLevel: 'debug' });

    await expect(ask('copy', 'a', 'b', '--log-level', 'loud')).rejects.toThrow('error, warn, info, debug');
  });

  test('keeps --yes and --json out of the request', async () => {
    expect((await ask('copy', 'a', 'b', '--yes')).options).toEqual({ ...plainRun, yes: true });
    expect((await ask('copy', 'a', 'b', '--json')).options).toEqual({ ...plainRun, json: true });
    expect((await ask('copy', 'a', 'b', '--download-dir', 'd', '--download-limit', '8G')).options).toEqual({
      ...plainRun,
      downloadDir: 'd',
      downloadLimit: 8 * 1024 ** 3,
    });
  });
});

describe('the other commands', () => {
  test('parses verify with a source, or with a manifest instead', async () => {
    expect((await ask('verify', 'a', 'b', 'c', '--keep-going')).request).toEqual(
      copy({ kind: 'verify', destinations: ['b', 'c'], keepGoing: true }),
    );
    expect((await ask('verify', '--manifest', 'm', 'b', 'c', '--throttle-dest', 'b=1M')).request).toEqual(
      requestOf({
        kind: 'verify',
        destinations: ['b', 'c'],
        manifest: 'm',
        destinationThrottles: [MiB, null],
      }),
    );
  });

  test('parses repair', async () => {
    expect((await ask('repair', 'a', 'b', '--manifest', 'm')).request).toEqual(copy({ kind: 'repair', manifest: 'm' }));
  });

  test('parses resume with a job or without', async () => {
    const resume = requestOf({ kind: 'resume', job: '20261123-235959-a1b2c3' });
    expect((await ask('resume')).request).toEqual({ ...resume, job: null });
    expect(await ask('resume', '20261123-235959-a1b2c3', '--throttle', '1M', '--yes')).toMatchObject({
      request: { ...resume, throttle: MiB },
      options: { yes: true },
    });
  });

  test('parses jobs and forget', async () => {
    expect((await ask('jobs', '--json')).other).toEqual([{ json: true }]);
    expect((await ask('forget', '20261123-235959-a1b2c3')).other).toEqual(['20261123-235959-a1b2c3', { json: false }]);
  });
});

describe('the help', () => {
  test('of copy says the units of sizes and how to make a small backup, in 80 columns', () => {
    expect(TEXTS.copy).toContain('4G is 4 GiB');
    expect(TEXTS.copy).toContain('platter copy --used /dev/sdb backup.img.zst');
    expect(TEXTS.copy.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
});

describe('arguments that are refused', () => {
  test.each<[string[], string]>([
    [['copy', 'a', 'b', '--manifest-from', 'old'], '--manifest-from'],
    [['copy', 'a', 'b', '--retries', '1'], '--retries'],
    [['copy', 'a', 'b', '--rescue', '--retries', '-1'], '--retries'],
    [['copy', 'a', 'b', '--rescue', '--retries', '1.5'], '--retries'],
    [['copy', 'a', 'b', '--rescue', '--retries', '1001'], '--retries'],
    [['copy', 'a', 'b', '--split', '1000'], '--split'],
    [['copy', 'a', 'b', '--split', '4.2G'], 'whole number'],
    [['copy', 'a', 'b', '--split', 'ext4'], '--split'],
    [['copy', 'a', 'b', '--split', '4G', '--rescue'], '--split'],
    [['copy', 'a', 'b', '--threads', '0'], '--threads'],
    [['copy', 'a', 'b', '--threads', '31'], '--threads'],
    [['copy', 'a', 'b', '--threads', '2.5'], '--threads'],
    [['copy', 'a', 'b', '--threads', '2', '--update'], '--threads'],
    [['copy', 'a', 'b', '--update', '--rescue'], '--rescue'],
    [['copy', 'a', 'b', '--update', '--map', 'm'], '--map'],
    [['copy', 'a', 'b', '--repair', '--no-verify'], '--no-verify'],
    [['copy', 'a', 'b', '--no-sparse', '--assume-blank'], '--assume-blank'],
    [['copy', 'a', 'b', '--update', '--assume-blank'], '--assume-blank'],
    [['copy', 'a', 'b', '--repair', '--rescue'], '--rescue'],
    [['copy', 'a', 'b', '--repair', '--map', 'm'], '--map'],
    [['copy', 'a', 'b', '--manifest-from', 'm', '--rescue'], '--manifest-from'],
    [['copy', 'a', 'b', '--throttle', '0'], '--throttle'],
    [['copy', 'a', 'b', '--throttle', 'fast'], '--throttle'],
    [['copy', 'a', 'b', '--throttle-dest', '5M'], '--throttle-dest'],
    [['copy', 'a', 'b', '--throttle-dest', '=5M'], '--throttle-dest'],
    [['copy', 'a', 'b', '--throttle-dest', 'b='], '--throttle-dest'],
    [['copy', 'a', 'b', '--throttle-dest', 'c=5M'], "'c'"],
    [['copy', 'a', 'b', '--manifest', '-'], '"-" is not standard input or output here'],
    [['report', 'last', '--csv', '-'], '"-" is not standard input or output here'],
    [['copy', 'a', ''], 'an argument is empty'],
    [['verify', '', 'b'], 'an argument is empty'],
    [['copy', 'a', 'b', '--throttle-dest', 'b=5M', '--throttle-dest', 'b=6M'], 'b has a limit already'],
    [['copy', 'a', 'b', '--stall-timeout', '-1'], '--stall-timeout'],
    [['copy', 'a', 'b', '--stall-timeout', '1e9'], '--stall-timeout'],
    [['copy', 'a', 'b', '--stall-timeout', '86401'], '--stall-timeout'],
    [['copy', 'a', 'b', '--manifest', ''], '--manifest'],
    [['copy', 'a', 'b', '--map', ''], '--map'],
    [['verify', 'a'], 'DEST'],
    [['verify', '--manifest', 'm'], 'SOURCE'],
    [['verify', 'a', 'b', '--update'], '--update'],
    [['verify', '--manifest', 'm', 'b', '--as-is'], '--as-is'],
    [['repair', 'a'], 'DEST'],
    [['repair', 'a', 'b', '--no-verify'], '--no-verify'],
    [['resume', '../../etc/passwd'], '../../etc/passwd'],
    [['resume', 'a', 'b'], 'too many arguments'],
    [['forget'], 'JOB'],
    [['forget', ''], 'JOB'],
  ])('%j', async (args, named) => {
    const refused = await ask(...args).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CommanderError);
    expect((refused as CommanderError).message).toContain(named);
    expect((refused as CommanderError).exitCode).not.toBe(0);
  });
});

describe('the command line that the window shows', () => {
  const both: Facts = {
    keepGoing: true,
    throttle: 20 * MiB,
    destinationThrottles: [null, 5 * MiB],
    stallTimeout: 0,
    io: 'threads',
    memory: 16 * MiB,
    name: '-8 cards',
  };
  const all: JobRequest[] = [
    copy(),
    copy({
      ...both,
      source: "it's a file",
      destinations: ['-n', 'b c=d'],
      update: true,
      manifest: 'old',
      saveManifest: 'new',
      repair: true,
      sparse: false,
    }),
    copy({ rescue: { retries: 3, map: null }, assumeBlank: true, verify: false, asIs: true }),
    copy({ rescue: { retries: 0, map: 'a map' } }),
    copy({ ...both, kind: 'verify', destinations: ['b', 'c'] }),
    copy({ kind: 'verify', asIs: true, destinations: ['b'] }),
    requestOf({ ...both, kind: 'verify', manifest: 'm', destinations: ['b', 'c'] }),
    copy({ ...both, kind: 'repair', manifest: 'm', asIs: true, destinations: ['b', 'c'] }),
    requestOf({ kind: 'resume', throttle: MiB, stallTimeout: 5, job: '20261123-235959-a1b2c3' }),
  ];
  test.each(all.map((request) => [commandLine(request), request] as const))('%s', async (line, request) => {
    // A shell splits it into words.
    const words = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
      .stdout.split('\0')
      .slice(1, -1);
    expect((await ask(...words)).request).toEqual(request);
  });
});
