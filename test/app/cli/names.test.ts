// Names that the command line cannot carry, a file system refuses, or a terminal would obey.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { canLab } from '../../lab/lab.ts';
import { Bench, digest, MiB, PLATTER, platter, start, stateDirectory } from './support.ts';
import { inTerminal, quoted } from './terminal-support.ts';

const execute = promisify(execFile);

const PRECIOUS = 'precious';

const bench = new Bench();
afterEach(() => bench.clear());

/** Runs platter in `cwd` through a shell, which can write every byte. `words` are in its syntax. */
function byShell(words: string, cwd: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', `exec ${[process.execPath, PLATTER].map(quoted).join(' ')} ${words}`],
    {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, PLATTER_STATE: stateDirectory() },
    },
  );
  return { status, stdout, stderr };
}

describe('a name that is not UTF-8', () => {
  const inBytes = (name: string): Buffer => Buffer.from(name, 'latin1');

  test('F3 refuses a destination whose name is not UTF-8, and writes no other file', async () => {
    const folder = await bench.directory();
    await bench.image('disk.img', MiB);
    writeFileSync(join(folder, 'c\ufffd.img'), PRECIOUS);
    const before = readdirSync(folder);
    const run = byShell(`copy disk.img c$'\\xff'.img --yes`, folder);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toBe(
      'platter: A name in c\ufffd.img is not valid UTF-8, or has the character U+FFFD in it. ' +
        'Rename the file or folder, then try again.\n',
    );
    expect([readdirSync(folder), readFileSync(join(folder, 'c\ufffd.img'), 'utf8')]).toEqual([before, PRECIOUS]);
  });

  test.each([
    `copy $'\\xff\\xfe' copy.img --yes`,
    `copy disk.img copy.img --yes --manifest m$'\\xff'`,
    `verify --manifest m$'\\xff' disk.img`,
    `report last --pdf r$'\\xff'.pdf`,
  ])('F3 refuses a name that is not UTF-8 in: %s', async (words) => {
    const folder = await bench.directory();
    await bench.image('disk.img', MiB);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), inBytes('\xff\xfe')]), Buffer.alloc(MiB));
    const before = readdirSync(folder, 'buffer');
    const run = byShell(words, folder);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('is not valid UTF-8');
    expect(readdirSync(folder, 'buffer')).toEqual(before);
  });

  test('F3 prints a refused name as an error on stdout with --json', async () => {
    const run = byShell(`copy disk.img c$'\\xff'.img --yes --json`, await bench.directory());
    expect(run).toMatchObject({ status: 2, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ event: 'error', code: 'BAD_ARGUMENT', path: 'c\ufffd.img' });
  });

  test('F3 refuses a working folder whose name is not UTF-8, and such a name behind a link', async () => {
    const folder = await bench.directory();
    const source = await bench.image('disk.img', MiB);
    const odd = Buffer.concat([Buffer.from(`${folder}/`), inBytes('\xff')]);
    spawnSync('bash', ['-c', `mkdir $'\\xff' && ln -s $'\\xff' link`], { cwd: folder });
    const inside = spawnSync(
      'bash',
      [
        '-c',
        `cd $'\\xff' && exec ${[process.execPath, PLATTER, 'copy', source, 'copy.img', '--yes'].map(quoted).join(' ')}`,
      ],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PLATTER_STATE: stateDirectory() },
      },
    );
    expect([inside.status, inside.stderr]).toEqual([2, expect.stringContaining('is not valid UTF-8')]);
    const behind = await platter(['copy', source, join(folder, 'link', 'copy.img'), '--yes'], { cwd: folder });
    expect([behind.code, behind.stderr]).toEqual([2, expect.stringContaining('is not valid UTF-8')]);
    await symlink(odd, join(folder, 'other.img'));
    const through = await platter(['verify', source, join(folder, 'other.img')], { cwd: folder });
    expect([through.code, through.stderr]).toEqual([2, expect.stringContaining('is not valid UTF-8')]);
  });
});

describe('a long name', () => {
  /** A name of this many bytes, of characters of one, two and four bytes. */
  const nameOf = (bytes: number, character: string): string => {
    const count = Math.floor((bytes - '.img'.length) / Buffer.byteLength(character));
    return `${character.repeat(count)}${'x'.repeat(bytes - '.img'.length - count * Buffer.byteLength(character))}.img`;
  };

  test.each([
    [250, 'a'],
    [251, 'a'],
    [255, 'a'],
    [255, '\u00e9'],
    [255, '\u{1f4be}'],
  ])('F21 of %i bytes of %s is that of a new image, which is interrupted and continued', async (bytes, character) => {
    const [source, copy] = [
      await bench.image('disk.img', 8 * MiB),
      join(await bench.directory(), nameOf(bytes, character)),
    ];
    expect(Buffer.byteLength(nameOf(bytes, character))).toBe(bytes);
    const first = start(['copy', source, copy, '--yes', '--json', '--throttle', '1M']);
    await first.until((stdout) => /"written":[2-9]\d{6}/u.test(stdout)); // more than what is in flight
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    const [part] = readdirSync(await bench.directory()).filter((name) => name.endsWith('.part'));
    expect(part!.startsWith(character.repeat(20))).toBe(true);
    const second = await platter(['resume', '--yes', '--json']);
    expect(second.code, second.stdout).toBe(0);
    expect(await digest(copy)).toBe(await digest(source));
    expect(readdirSync(await bench.directory()).sort()).toEqual([nameOf(bytes, character), 'disk.img'].sort());
  });

  test('F21 gives different temporary names to two long names that begin alike', async () => {
    const [source, folder] = [await bench.image('disk.img', MiB), await bench.directory()];
    const [one, two] = ['1', '2'].map((end) => join(folder, `${'a'.repeat(254)}${end}`));
    const run = await platter(['copy', source, one!, two!, '--yes']);
    expect(run.code, run.stderr).toBe(0);
    expect([await digest(one!), await digest(two!)]).toEqual([await digest(source), await digest(source)]);
  });

  test('F21 writes a manifest and a map with names of 255 bytes', async () => {
    const [source, folder] = [await bench.image('disk.img', MiB), await bench.directory()];
    const run = await platter([
      'copy',
      source,
      join(folder, 'copy.img'),
      '--yes',
      '--manifest',
      join(folder, 'm'.repeat(255)),
      '--map',
      join(folder, 'p'.repeat(255)),
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect([existsSync(join(folder, 'm'.repeat(255))), existsSync(join(folder, 'p'.repeat(255)))]).toEqual([
      true,
      true,
    ]);
  });
});

const noLab = canLab();
if (noLab !== null) console.warn(`skipped: ${noLab}`);

describe.skipIf(noLab !== null)('a file system with limits', () => {
  /** Mounts a new file system. Returns the folder. */
  async function mounted(make: (file: string, folder: string) => Promise<unknown>): Promise<string> {
    const [file, folder] = [join(await bench.directory(), 'fs.img'), join(await bench.directory(), 'fs')];
    await mkdir(folder);
    await writeFile(file, '');
    await truncate(file, 32 * MiB);
    await make(file, folder);
    bench.finally(async () => {
      await execute('umount', [folder]);
    });
    return folder;
  }

  test('F11 copies a sparse image where its data fits, and refuses it where it does not', async () => {
    const folder = await mounted((_, at) => execute('mount', ['-t', 'tmpfs', '-o', 'size=16M', 'tmpfs', at]));
    const sparse = await bench.image('sparse.img', 4 * MiB);
    await truncate(sparse, 256 * MiB);
    const run = await platter(['copy', sparse, join(folder, 'copy.img'), '--yes', '--json']);
    expect(run.code, run.stdout).toBe(0);
    expect(await digest(join(folder, 'copy.img'))).toBe(await digest(sparse));
    const full = await bench.image('full.img', 20 * MiB);
    await truncate(full, 256 * MiB);
    const refused = await platter(['copy', full, join(folder, 'other.img'), '--yes', '--json']);
    expect(refused.code).toBe(2);
    expect(refused.lines).toMatchObject([{ code: 'NO_SPACE' }]);
    const whole = await platter(['copy', sparse, join(folder, 'other.img'), '--yes', '--json', '--no-sparse']);
    expect(whole.code).toBe(2);
    expect(whole.lines).toMatchObject([
      { code: 'NO_SPACE', message: expect.stringMatching(/more free space/u) as string },
    ]);
  });

  test('F22 says that NTFS refuses a name', async () => {
    const folder = await mounted(async (file, at) => {
      await execute('mkfs.ntfs', ['-F', '-Q', '-q', file]);
      await execute('mount', ['-t', 'ntfs-3g', '-o', 'loop,windows_names', file, at]);
    });
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', source, join(folder, 'na:me?.img'), '--yes']);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/The file system does not accept this name.*Choose another name/u);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('control characters', () => {
  const RED = '\u001b[31m';

  test('F33 writes out control characters in the error about an argument', async () => {
    const run = await platter(['copy', 'a', 'b', '--name', `x${RED}`]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('x\\x1b[31m');
    expect(run.stderr).not.toContain('\u001b');
  });

  test('F33 writes out control characters in the path of the log', async () => {
    const state = join(await bench.directory(), `state${RED}`);
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', source, join(await bench.directory(), 'copy.img'), '--yes', '--verbose'], {
      env: { PLATTER_STATE: state },
    });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toContain('\u001b');
  });

  test('F33 sends no control character of a file name to a terminal, in a table or in JSON', async () => {
    const source = await bench.image('disk.img', MiB);
    const run = await platter(['copy', source, join(await bench.directory(), `${RED}\u009b31m.img`), '--yes']);
    expect(run.code, run.stderr).toBe(0);
    for (const options of ['--csv', '--json', '']) {
      const { screen } = await inTerminal(
        bench,
        `exec ${[process.execPath, PLATTER, 'history'].map(quoted).join(' ')} ${options}`,
      ).end();
      expect(screen, options).toContain('31m.img');
      expect(screen, options).not.toMatch(/\u001b\[31m|\u009b/u);
    }
    const { stdout } = await platter(['history', '--csv']);
    expect(stdout).toContain('\\x1b[31m\\x9b31m.img');
  });
});
