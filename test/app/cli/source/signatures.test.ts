// Signatures of lists of checksums and of images, made with publishers' programs: gpg, minisign, signify.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decoderLacks } from '../../../../build/native.mjs';
import { expectRefusal } from '../shapes.ts';
import { Bench, MiB, platter, resultOf, type Run } from '../support.ts';

const missing = [
  ...decoderLacks(),
  ...['gpg', 'gpgv', 'minisign', 'signify-openbsd'].filter(
    (program) => !['/usr/bin', '/bin'].some((folder) => existsSync(join(folder, program))),
  ),
];
const skip = missing.length > 0 ? ` (without ${missing.join(', ')})` : '';

/** Keys of the publisher and of somebody else. */
let keys = '';
const key = (name: string): string => join(keys, name);
const run = (program: string, ...args: string[]): void => {
  execFileSync(program, args, { cwd: keys, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH } });
};
/** gpg with its own home folder. `then`: the date that it sees. */
const gpg = (...args: string[]): void =>
  run('gpg', '--homedir', key('home'), '--batch', '--quiet', '--yes', '--passphrase', '', ...args);

const bench = new Bench();
let folder = '';
const at = (name: string): string => join(folder, name);
const sha256 = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(at(name)))
    .digest('hex');
const copy = (...options: string[]): Promise<Run> =>
  platter(['copy', 'disk.img', 'copy.img', '--json', ...options], { cwd: folder });
const fingerprint = (user: string): string =>
  /^fpr:+([0-9A-F]+):/mu.exec(
    execFileSync('gpg', ['--homedir', key('home'), '--with-colons', '--list-keys', user], { encoding: 'utf8' }),
  )![1]!;

/** Expects a good copy whose review and result say who signed. */
function expectSigned(done: Run, said: string): void {
  expect(done.code, done.stdout).toBe(0);
  expect(JSON.stringify(done.lines[0])).toContain(said);
  expect(JSON.stringify(resultOf(done).notes)).toContain(said);
  expect(readFileSync(at('copy.img')).equals(readFileSync(at('disk.img')))).toBe(true);
}

/** Expects that the job is refused with this sentence and that nothing is written. */
function expectRefused(done: Run, said: string): void {
  const errors = expectRefusal(done);
  expect(errors).toMatchObject([{ message: expect.stringContaining(said) as string }]);
  expect([existsSync(at('copy.img')), existsSync(at('copy.img.part'))]).toEqual([false, false]);
}

describe.skipIf(skip !== '')(`a signature${skip}`, () => {
  beforeAll(() => {
    keys = mkdtempSync(join(tmpdir(), 'platter-keys-'));
    mkdirSync(key('home'), { mode: 0o700 });
    for (const name of ['publisher', 'other']) {
      gpg('--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', 'never');
      gpg('--output', key(`${name}.gpg`), '--export', `${name}@example.org`);
      run('minisign', '-G', '-W', '-p', key(`${name}.pub`), '-s', key(`${name}.key`));
      run('signify-openbsd', '-G', '-n', '-p', key(`${name}-signify.pub`), '-s', key(`${name}-signify.sec`));
    }
    gpg('--armor', '--output', key('publisher.asc'), '--export', 'publisher@example.org');
  });
  afterAll(() => {
    execFileSync('gpgconf', ['--homedir', key('home'), '--kill', 'all']);
    rmSync(keys, { recursive: true });
  });
  beforeEach(async () => {
    folder = await bench.directory();
    await bench.image('disk.img', 3 * MiB + 512);
    writeFileSync(at('SHA256SUMS'), `${sha256('disk.img')}  disk.img\n`);
  });
  afterEach(() => bench.clear());

  const byPublisher = ['--local-user', 'publisher@example.org'];

  describe('of OpenPGP', () => {
    const signed = (): string => `is signed by publisher <publisher@example.org> (key ${fingerprint('publisher')}).`;

    test.each([
      ['SHA256SUMS.gpg', 'publisher.gpg', []],
      ['SHA256SUMS.asc', 'publisher.asc', ['--armor']],
      ['SHA256SUMS.sign', 'publisher.asc', ['--armor']],
    ])('in %s is checked by %s', async (name, by, armour) => {
      gpg(...byPublisher, ...armour, '--output', at(name), '--detach-sign', at('SHA256SUMS'));
      expectSigned(await copy('--checksum', 'SHA256SUMS', '--key', key(by)), `${at('SHA256SUMS')} ${signed()}`);
    });

    test('is found beside the lists that name the image when only a key is given', async () => {
      writeFileSync(at('CHECKSUM'), `${'0'.repeat(64)}  other.img\n`);
      gpg(...byPublisher, '--output', at('SHA256SUMS.gpg'), '--detach-sign', at('SHA256SUMS'));
      expectSigned(await copy('--key', key('publisher.gpg')), `${at('SHA256SUMS')} ${signed()}`);
    });

    test('is checked inside the list, and text outside of it is ignored', async () => {
      gpg(...byPublisher, '--output', at('CHECKSUM'), '--clear-sign', at('SHA256SUMS'));
      const lie = `${'0'.repeat(64)}  disk.img\n`;
      writeFileSync(at('CHECKSUM'), `${lie}${readFileSync(at('CHECKSUM'), 'utf8')}${lie}`);
      expectSigned(
        await copy('--checksum', 'CHECKSUM', '--key', key('publisher.gpg')),
        `${at('CHECKSUM')} ${signed()}`,
      );
    });

    test.each([
      ['beside the list', 'SHA256SUMS', ['--detach-sign', '--output', 'SHA256SUMS.gpg']],
      ['in the list', 'CHECKSUM', ['--clear-sign', '--output', 'CHECKSUM']],
    ])('%s that is wrong refuses the job', async (_, list, [how, output, file]) => {
      writeFileSync(at('SHA256SUMS'), `${'0'.repeat(64)}  disk.img\n`);
      gpg(...byPublisher, output!, at(file!), how!, at('SHA256SUMS'));
      writeFileSync(at(list), readFileSync(at(list), 'utf8').replace('0'.repeat(64), sha256('disk.img')));
      const done = await copy('--checksum', list, '--key', key('publisher.gpg'));
      expectRefused(done, 'is wrong: the file or the signature was changed.');
    });

    test('refuses the job when the signature is by another key', async () => {
      gpg('--local-user', 'other@example.org', '--output', at('SHA256SUMS.gpg'), '--detach-sign', at('SHA256SUMS'));
      expectRefused(
        await copy('--checksum', 'SHA256SUMS', '--key', key('publisher.gpg')),
        'It is signed by another key',
      );
    });

    test('refuses the job when the key has expired', async () => {
      const during = (hour: string): string[] => ['--faked-system-time', `20200101T${hour}0000`];
      gpg(...during('00'), '--quick-generate-key', 'old <old@example.org>', 'ed25519', 'sign', '1d');
      // An hour later: making the key takes time, and a key from the future cannot sign.
      const sign = ['-u', 'old@example.org', '--output', at('SHA256SUMS.gpg'), '--detach-sign', at('SHA256SUMS')];
      gpg(...during('01'), ...sign);
      gpg('--output', key('old.gpg'), '--export', 'old@example.org');
      expectRefused(await copy('--checksum', 'SHA256SUMS', '--key', key('old.gpg')), 'has expired');
    });

    test('checks the signature of the image, and copies exactly what was signed', async () => {
      gpg(...byPublisher, '--armor', '--output', at('disk.img.asc'), '--detach-sign', at('disk.img'));
      rmSync(at('SHA256SUMS'));
      const done = await copy('--key', key('publisher.gpg'));
      expectSigned(done, `${at('disk.img')} ${signed()}`);
      expect(done.lines[0]).toMatchObject({ request: { checksum: `sha256:${sha256('disk.img')}` } });
      rmSync(at('copy.img'));
      appendFileSync(at('disk.img'), Buffer.alloc(512));
      expectRefused(await copy('--key', key('publisher.gpg')), 'is wrong: the file or the signature was changed.');
    });

    test('is named in the review when no check was requested', async () => {
      gpg(...byPublisher, '--output', at('SHA256SUMS.gpg'), '--detach-sign', at('SHA256SUMS'));
      gpg(...byPublisher, '--output', at('disk.img.sig'), '--detach-sign', at('disk.img'));
      const said = JSON.stringify((await copy()).lines[0]);
      expect(said).toContain(
        `${at('SHA256SUMS')} is signed (${at('SHA256SUMS.gpg')}), and the signature is not checked.`,
      );
      expect(said).toContain(`${at('disk.img')} is signed (${at('disk.img.sig')}), and the signature is not checked.`);
    });
  });

  describe('of minisign', () => {
    const sign = (name: string, ...options: string[]): void =>
      run('minisign', '-S', '-s', key('publisher.key'), '-m', at(name), '-t', 'release 1', ...options);
    const publicKey = (): string => readFileSync(key('publisher.pub'), 'utf8').split('\n')[1]!;
    const id = (): string => /([0-9A-F]+)$/mu.exec(readFileSync(key('publisher.pub'), 'utf8'))![1]!.padStart(16, '0');

    test.each([
      ['of the hash of a list', []],
      ['of a list itself', ['-l']],
    ])('%s is checked by the file of a key and by the key', async (_, options) => {
      sign('SHA256SUMS', ...options);
      const done = await copy('--checksum', 'SHA256SUMS', '--key', key('publisher.pub'));
      expectSigned(done, `is signed by publisher.pub (release 1) (key ${id()}).`);
      rmSync(at('copy.img'));
      expectSigned(await copy('--key', publicKey()), `is signed by ${publicKey()} (release 1) (key ${id()}).`);
    });

    test('checks the signature of an image', async () => {
      sign('disk.img');
      rmSync(at('SHA256SUMS'));
      expectSigned(await copy('--key', key('publisher.pub')), `${at('disk.img')} is signed by publisher.pub`);
      rmSync(at('copy.img'));
      writeFileSync(at('disk.img'), readFileSync(at('disk.img')).fill(1, 4096, 4097));
      expectRefused(await copy('--key', key('publisher.pub')), 'is wrong: the file or the signature was changed.');
    });

    test('is checked by any key of a file of several', async () => {
      sign('SHA256SUMS');
      const [other, publisher] = ['other.pub', 'publisher.pub'].map((name) => readFileSync(key(name), 'utf8'));
      writeFileSync(at('both.pub'), `${other!}${publisher!}`);
      writeFileSync(at('other.pub'), `${other!}${other!}`);

      const done = await copy('--checksum', 'SHA256SUMS', '--key', 'both.pub');

      expectSigned(done, `is signed by both.pub (release 1) (key ${id()}).`);
      rmSync(at('copy.img'));
      expectRefused(await copy('--checksum', 'SHA256SUMS', '--key', 'other.pub'), 'It is signed by another key');
    });

    test('is good with a comment in another encoding than UTF-8', async () => {
      // The shell makes the byte 0xe9, which no argument of Node can have.
      const command = `minisign -S -s publisher.key -m '${at('SHA256SUMS')}' -t "$(printf 'publi\\351')"`;
      run('sh', '-c', command);

      expectSigned(
        await copy('--checksum', 'SHA256SUMS', '--key', key('publisher.pub')),
        'publisher.pub (publi\ufffd)',
      );
    });

    test('refuses the job when it is wrong, its comment was changed, it was cut off, or it is by another key', async () => {
      sign('SHA256SUMS');
      const good = readFileSync(at('SHA256SUMS.minisig'), 'utf8');
      const by = (name: string): Promise<Run> => copy('--checksum', 'SHA256SUMS', '--key', key(name));
      expectRefused(await by('other.pub'), 'It is signed by another key');
      writeFileSync(at('SHA256SUMS.minisig'), good.replace('release 1', 'release 2'));
      expectRefused(await by('publisher.pub'), 'is wrong');
      writeFileSync(at('SHA256SUMS.minisig'), good.split('\n').slice(0, 2).join('\n'));
      expectRefused(await by('publisher.pub'), 'It is not signed in a way that this key can check');
      writeFileSync(at('SHA256SUMS.minisig'), good);
      appendFileSync(at('SHA256SUMS'), '\n');
      expectRefused(await by('publisher.pub'), 'is wrong');
    });
  });

  describe('of signify', () => {
    const sign = (output: string, ...options: string[]): void =>
      run(
        'signify-openbsd',
        '-S',
        ...options,
        '-s',
        key('publisher-signify.sec'),
        '-m',
        at('SHA256SUMS'),
        '-x',
        at(output),
      );

    test.each([
      ['beside a list', 'SHA256SUMS', 'SHA256SUMS.sig', []],
      ['in a list', 'SHA256.sig', 'SHA256.sig', ['-e']],
    ])('%s is checked, and refuses the job when it is wrong', async (_, list, output, options) => {
      sign(output, ...options);
      const signed = (): Promise<Run> => copy('--checksum', list, '--key', key('publisher-signify.pub'));
      expectSigned(await signed(), `${at(list)} is signed by publisher-signify.pub (key `);
      rmSync(at('copy.img'));
      appendFileSync(at(list), `${'0'.repeat(64)}  other.img\n`);
      expectRefused(await signed(), 'is wrong');
    });

    test.each([
      ['is in UTF-16', (list: string): Buffer => Buffer.from(`\uFEFF${list}`, 'utf16le')],
      ['begins with a byte order mark', (list: string): Buffer => Buffer.from(`\uFEFF${list}`)],
      [
        'ends its lines with carriage returns alone',
        (list: string): Buffer => Buffer.from(list.replaceAll('\n', '\r')),
      ],
      ['is by another algorithm', (list: string): Buffer => Buffer.from(list.replace('\nRW', '\nXX'))],
    ])('counts as none in a list that %s', async (_, change) => {
      sign('SHA256.sig', '-e');
      writeFileSync(at('SHA256.sig'), change(readFileSync(at('SHA256.sig'), 'utf8')));

      const done = await copy('--checksum', 'SHA256.sig', '--key', key('publisher-signify.pub'));

      expectRefused(done, 'It is not signed in a way that this key can check');
    });
  });

  test('refuses the job when a key is given and there is no signature', async () => {
    expectRefused(await copy('--checksum', 'SHA256SUMS', '--key', key('publisher.gpg')), 'It is not signed in a way');
    expectRefused(await copy('--key', key('publisher.pub')), 'It is not signed in a way');
  });

  test('refuses an invalid key, and a key together with a typed checksum', async () => {
    expectRefused(await copy('--checksum', 'SHA256SUMS', '--key', 'SHA256SUMS'), 'It has no public key');
    const both = await copy('--sha256', '0'.repeat(64), '--key', key('publisher.gpg'));
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('cannot be used with option')]);
  });

  test('check reports the signature', async () => {
    gpg(...byPublisher, '--output', at('SHA256SUMS.gpg'), '--detach-sign', at('SHA256SUMS'));
    const signed = await platter(['check', '--key', key('publisher.gpg'), 'disk.img', '--json'], { cwd: folder });
    expect(signed.code, signed.stderr).toBe(0);
    expect(JSON.parse(signed.stdout)).toMatchObject({
      matches: { list: at('SHA256SUMS'), of: 'file' },
      signed: { path: at('SHA256SUMS'), by: 'publisher <publisher@example.org>', key: fingerprint('publisher') },
      unchecked: [],
    });
    const unsigned = await platter(['check', 'disk.img'], { cwd: folder });
    expect(unsigned.stdout).toContain(`is signed (${at('SHA256SUMS.gpg')}), and the signature is not checked.`);
    writeFileSync(at('SHA256SUMS'), `${sha256('disk.img')} *disk.img\n`);
    const wrong = await platter(['check', '--key', key('publisher.gpg'), 'disk.img'], { cwd: folder });
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringContaining('is wrong')]);
  });
});
