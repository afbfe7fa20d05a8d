// Runs gpgv, which checks signatures of OpenPGP. It gets copies of the key and the signature in a folder of its own,
// reads no keyring of the user, and never runs with root's rights.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { PlatterError } from '../../contract/errors.ts';
import { errnoOf, failure, failureOf, Refusal } from '../../base/errors.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';

/** systemd's range of user IDs for services that have no account (systemd.exec(5), DynamicUser). */
const NOBODYS_IDS = [61184, 65520] as const;
/** Bytes. No list has a longer signed text. */
const MOST_TEXT = 2 * 1024 * 1024;

/** What gpgv found. `key`: a fingerprint, or the end of one. */
export type GpgVerdict =
  /** `text`: what is signed, when the signature has it inside. */
  | { kind: 'good'; by: string; key: string; text: Buffer }
  | { kind: 'wrong' | 'stranger' | 'expired' | 'revoked'; key: string }
  | { kind: 'unread'; said: string }
  | { kind: 'noGpgv' };

/**
 * Checks `signature` with the keys in `ring`. `content` writes what is signed to gpgv's input; null when the text is in
 * the signature. `folders`: where the copies may lie, the preferred one first. Rejects with a Refusal when none takes
 * them.
 */
export async function runGpgv(
  ring: Buffer,
  signature: Buffer,
  content: ((input: Writable) => void) | null,
  folders: readonly string[] = temporaryFolders(),
): Promise<GpgVerdict> {
  const user = process.getuid?.() === 0 ? randomInt(...NOBODYS_IDS) : null;
  const home = await homeIn(folders, { keys: ring, signature }, user);
  try {
    const [keys, signed] = [join(home, 'keys'), join(home, 'signature')];
    const files = content === null ? ['--output', '-', signed] : [signed, '-'];
    const child = spawn('gpgv', ['--homedir', home, '--keyring', keys, '--status-fd', '3', ...files], {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8', GNUPGHOME: home },
      cwd: home,
      // Ctrl-C is for Platter, which waits for gpgv to end.
      detached: true,
      ...(user === null ? {} : { uid: user, gid: user }),
    });
    return await verdictOf(child, content ?? ((input): void => void input.end()));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The temporary folder may be full or read-only. Everybody may write to the one of shared memory (shm_open(3)). */
const temporaryFolders = (): string[] => [
  // The temporary folder of root may be closed to others (pam_tmpdir).
  process.getuid?.() === 0 ? '/tmp' : tmpdir(),
  '/dev/shm',
];

/** Makes a folder with these files in the first of `parents` that takes them. They are `user`'s alone. */
async function homeIn(
  parents: readonly string[],
  files: Readonly<Record<string, Buffer>>,
  user: number | null,
): Promise<string> {
  const refusals: PlatterError[] = [];
  for (const parent of parents) {
    let home: string | null = null;
    try {
      home = await mkdtemp(join(parent, 'platter-gpgv-'));
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(home, name), bytes, { mode: 0o600 });
      const own = [...Object.keys(files).map((name) => join(home!, name)), home];
      if (user !== null) for (const path of own) await chown(path, user, user);
      return home;
    } catch (error) {
      if (home !== null) await rm(home, { recursive: true, force: true });
      const known = failureOf(error, 'write', parent, 'file');
      refusals.push(failure({ ...known, remedy: { kind: 'freeTemporary' } }));
    }
  }
  throw new Refusal(refusals.slice(0, 1));
}

async function verdictOf(child: ChildProcess, feed: (input: Writable) => void): Promise<GpgVerdict> {
  const failed = new Promise<GpgVerdict>((resolve) => {
    child.on('error', (error) => {
      resolve(errnoOf(error) === 'ENOENT' ? { kind: 'noGpgv' } : { kind: 'unread', said: error.message });
    });
  });
  // gpgv stops reading when the file is not a signature. Its status says why.
  child.stdin?.on('error', () => undefined);
  if (child.pid === undefined) return failed;
  feed(child.stdin!);
  const [text, status] = await Promise.all([
    collected(child.stdout!),
    collected(child.stdio[3] as Readable),
    new Promise((resolve) => child.on('close', resolve)),
  ]);
  return text.length > MOST_TEXT
    ? { kind: 'unread', said: 'the signed text is too long' }
    : parseStatus(status.toString(), text);
}

async function collected(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= MOST_TEXT + part.length) parts.push(part);
  }
  return Buffer.concat(parts);
}

/** What a status line says of a signature that does not count. */
const FAULTS: Readonly<Record<string, 'wrong' | 'revoked' | 'expired' | 'stranger'>> = {
  BADSIG: 'wrong',
  REVKEYSIG: 'revoked',
  EXPKEYSIG: 'expired',
  EXPSIG: 'expired',
  NO_PUBKEY: 'stranger',
};

/**
 * Reads the status lines of gpgv (DETAILS in GnuPG's doc/). A good signature counts beside those of other keys, but not
 * beside a wrong one. One loop on purpose: what a line means depends on the lines before it.
 */
function parseStatus(status: string, text: Buffer): GpgVerdict {
  const faults: { kind: 'wrong' | 'revoked' | 'expired' | 'stranger'; key: string }[] = [];
  let [by, good, texts]: [string | null, GpgVerdict | null, number] = [null, null, 0];
  for (const line of status.split('\n')) {
    const [, word = '', rest = ''] = /^\[GNUPG:\] (\w+) ?(.*)$/u.exec(line) ?? [];
    const [first = '', ...others] = rest.split(' ');
    const fault = FAULTS[word];
    if (fault !== undefined) faults.push({ kind: fault, key: first });
    if (word === 'PLAINTEXT') texts++;
    if (word === 'NEWSIG' || fault !== undefined) by = null;
    if (word === 'GOODSIG') by = others.join(' ').replaceAll('%25', '%');
    // Signatures of a document have the class 00 or 01; others are of keys.
    if (word === 'VALIDSIG' && by !== null && ['00', '01'].includes(others[7] ?? ''))
      good ??= { kind: 'good', by, key: others[8] ?? first, text };
  }
  const wrong = faults.find(({ kind }) => kind === 'wrong');
  if (wrong !== undefined) return wrong;
  // With two texts in one file nobody can tell which one is signed.
  if (good !== null && texts <= 1) return good;
  return faults[0] ?? { kind: 'unread', said: 'gpgv finds no signature in it' };
}
