// What packages ship about the command line is made from the parser, so nothing is missing or out of date.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { bashCompletion, commandsInRoff, optionsInRoff, synopsisInRoff } from '../../../build/package/command-line.mjs';
import { commands, type Actions } from '../../../app/cli/commands.ts';
import { OPTIONS } from '../../../app/contract/options/options.ts';

/** What bash offers for the last of `words`. */
async function completed(...words: string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  // compopt fails outside of a completion.
  const script = `compopt() { :; }\n${await bashCompletion()}
    COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
    _platter
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

test('bash completes the name of a command', async () => {
  expect(await completed('platter', 're')).toEqual(['repair', 'resume', 'report']);
});

test('bash completes the options that a command has, and no others', async () => {
  expect(await completed('platter', 'copy', 'a', '--re')).toEqual(['--repair', '--rescue', '--retries']);
  expect(await completed('platter', 'verify', '--re')).toEqual([]);
});

test('bash completes the values of an option that has a few', async () => {
  expect(await completed('platter', 'copy', '--io', '')).toEqual(['uring', 'threads']);
  expect(await completed('platter', 'copy', '--log-level', 'd')).toEqual(['debug']);
});

test('bash completes paths by itself', async () => {
  expect(await completed('platter', 'copy', './')).toEqual([]);
});

test('the manual page has every command, in its synopsis and with what it does', async () => {
  const [synopsis, page] = [await synopsisInRoff(), await commandsInRoff()];

  for (const command of commands({} as Actions, () => undefined).commands) {
    expect(synopsis).toContain(`\n.B platter ${command.name()}\n`);
    expect(page).toContain(`.TP\n.B ${command.name()}\n${command.description().slice(0, 8)}`);
  }
});

test('the manual page has every option of every job, with its commands', async () => {
  const page = await optionsInRoff();

  for (const { flag, kinds } of OPTIONS) {
    const name = flag.replaceAll('-', '\\-');
    const entries = page.split('.TP\n').filter((one) => one.includes(` ${name}`));
    for (const kind of kinds) expect(entries.join(''), `${flag} of ${kind}`).toMatch(new RegExp(`[(,].*${kind}`, 'u'));
  }
});

test('the manual page has no line that roff would take for a command of its own', async () => {
  const page = [await synopsisInRoff(), await commandsInRoff(), await optionsInRoff()].join('');
  const macros = page.split('\n').filter((line) => /^[.']/u.test(line));

  expect(macros.filter((line) => !/^\.(br|TP|B|BI)\b/u.test(line))).toEqual([]);
});
