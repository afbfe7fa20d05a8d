// Stamps of the set-up: one is valid only while its inputs and outputs are unchanged and the last run was complete.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { capture, fingerprint, inRoot, must, root, run, Stop, unlessDone } from '../../../build/tools.mjs';

let folder = '';
const file = (name: string): string => join(relative(root, folder), name);
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

beforeEach(() => {
  mkdirSync(inRoot('out'), { recursive: true });
  folder = mkdtempSync(inRoot('out/setup-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('fingerprint', () => {
  it('fingerprint changes with a name, a content, a new file and a fact, and with nothing else', () => {
    const print = (...facts: string[]): string => fingerprint([relative(root, folder)], facts);
    write('a', 'one');
    const before = print('x');
    write('a', 'one');
    expect(print('x')).toBe(before);
    expect(print('y')).not.toBe(before);
    write('a', 'two');
    expect(print('x')).not.toBe(before);
    write('a', 'one');
    write('b', '');
    expect(print('x')).not.toBe(before);
    rmSync(join(folder, 'b'));
    expect(print('x')).toBe(before);
  });
});

describe('unlessDone', () => {
  const make = (print: string, making: () => void = () => write('output', '')): Promise<boolean> =>
    unlessDone(file('stamp'), print, [file('output')], making);

  it('unlessDone makes a thing once', async () => {
    expect(await make('1')).toBe(true);
    expect(await make('1')).toBe(false);
  });

  it('unlessDone makes a thing again when an input changed or the output is gone', async () => {
    await make('1');
    expect(await make('2')).toBe(true);
    rmSync(join(folder, 'output'));
    expect(await make('2')).toBe(true);
  });

  it('unlessDone makes a thing again after a run that failed half way', async () => {
    await make('1');
    const broken = make('2', () => {
      throw new Error('no space');
    });
    await expect(broken).rejects.toThrow('no space');
    expect(await make('1')).toBe(true);
  });
});

describe('programs of the build', () => {
  it("returns a program's exit code, or 128 and the signal", async () => {
    expect(await run('sh', ['-c', 'exit 3'])).toBe(3);
    expect(await run('sh', ['-c', 'kill -TERM $$'])).toBe(143);
  });

  it('stops with the command in the message when a program fails or is missing', async () => {
    await expect(must('sh', ['-c', 'exit 3'])).rejects.toThrow(Stop);
    await expect(must('no-such-program', [])).rejects.toThrow(/no-such-program/);
  });

  it('captures the output of a program', async () => {
    expect(await capture('printf', ['%s', 'héllo'])).toEqual({ code: 0, stdout: 'héllo' });
  });
});
