// gpgv runs with nobody's rights, and leaves nothing behind.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Refusal } from '../../../app/base/errors.ts';
import { runGpgv } from '../../../app/engine/unpacking/gpgv.ts';

const isThere = existsSync('/usr/bin/gpgv') && existsSync('/usr/bin/gpg');
const skip = isThere ? '' : ' (without gpg and gpgv)';

/** The running gpgv that this process has started: its user IDs and its home. */
function running(): { ids: string[]; home: string } {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/u.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (!/^Name:\tgpgv$/mu.test(status) || !status.includes(`PPid:\t${process.pid}\n`)) continue;
      const [, , home = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return { ids: /^Uid:\t(.*)$/mu.exec(status)![1]!.split('\t'), home };
    } catch {
      continue; // it has ended meanwhile
    }
  }
  throw new Error('gpgv does not run');
}

describe.skipIf(!isThere)(`gpgv${skip}`, () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'platter-gpg-'));
    mkdirSync(at('home'), { mode: 0o700 });
    writeFileSync(at('list'), 'text\n');
    const gpg = (...args: string[]): void =>
      void execFileSync('gpg', ['--homedir', at('home'), '--batch', '--quiet', '--passphrase', '', ...args]);
    gpg('--quick-generate-key', 'me', 'ed25519', 'sign', 'never');
    gpg('--output', at('ring'), '--export');
    gpg('--output', at('list.sig'), '--detach-sign', at('list'));
    execFileSync('gpgconf', ['--homedir', at('home'), '--kill', 'all']);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('gpgv never runs as root and leaves no folder', async () => {
    let seen: { ids: string[]; home: string } | null = null;
    const verdict = await runGpgv(readFileSync(at('ring')), readFileSync(at('list.sig')), (input) => {
      seen = running();
      input.end('text\n');
    });

    expect(verdict).toMatchObject({ kind: 'good', by: 'me' });
    const { ids, home } = seen!;
    const own = String(process.getuid!());
    expect(ids.every((id) => id !== '0' && (own === '0' || id === own))).toBe(true);
    expect(existsSync(home)).toBe(false);
  });

  const verdictIn = (...folders: string[]): Promise<unknown> => {
    const [ring, signature] = [readFileSync(at('ring')), readFileSync(at('list.sig'))];
    return runGpgv(ring, signature, (input) => void input.end('text\n'), folders);
  };

  test('gpgv works with the next folder when the temporary one takes no files', async () => {
    // A file in place of a folder takes no files, not even root's.
    expect(await verdictIn(at('list'), tmpdir())).toMatchObject({ kind: 'good', by: 'me' });
  });

  test('a signature is refused as unchecked when no folder takes its copy', async () => {
    const refusal: unknown = await verdictIn(at('list'), at('ring')).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).errors).toMatchObject([
      { op: 'write', device: at('list'), remedy: { kind: 'freeTemporary' } },
    ]);
  });
});
