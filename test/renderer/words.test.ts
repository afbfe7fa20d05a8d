// Figures, names, command lines and consent, as pure functions.
import { describe, expect, test } from 'vitest';
import { commands } from '../../app/cli/commands.ts';
import { commandLine } from '../../renderer/command-line.ts';
import { consentFor, isWord } from '../../app/view/consent.ts';
import { contents, destinationLock, diskFacts, diskName, identity, sourceLock } from '../../renderer/disk-facts.ts';
import {
  baseName,
  duration,
  exactBytes,
  folder,
  lastSix,
  listed,
  relativeTime,
  percent,
  place,
  rate,
  size,
  speed,
  timeLeft,
  typedSpeed,
} from '../../renderer/words.ts';
import * as make from './support/fixtures.ts';
import { asked as requestOf, type Facts } from '../requests.ts';
import { plainResume } from '../../app/contract/request-facts.ts';
import type { JobKind, JobRequest } from '../../app/contract/request.ts';

describe('figures in the window', () => {
  test.each([
    [0, '0 bytes'],
    [512, '512 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [4096, '4.1 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [536_870_912, '537 MB'],
    [15_931_539_456, '15.9 GB'],
    [64_023_257_088, '64 GB'],
    [512_110_190_592, '512 GB'],
    [1_920_383_410_176, '1.92 TB'],
  ])('writes the size of %d bytes as %s', (bytes, text) => expect(size(bytes)).toBe(text));

  test('groups the digits of exact bytes', () => expect(exactBytes(64_023_257_088)).toBe('64,023,257,088 bytes'));

  test.each([
    [0, '0 MB/s'],
    [1_540_000, '1.5 MB/s'],
    [9_960_000, '10 MB/s'],
    [31_400_000, '31 MB/s'],
    [1_234_000_000, '1,234 MB/s'],
  ])('writes the rate %d as %s', (bytes, text) => expect(rate(bytes)).toBe(text));

  test.each([
    [0.2, '1 s'],
    [42, '42 s'],
    [59.6, '1 min'],
    [240, '4 min'],
    [3569, '59 min'],
    [3590, '1 h'],
    [4800, '1 h 20 min'],
  ])('writes a duration of %d seconds as %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  test.each([
    [0, '5 s'],
    [11, '15 s'],
    [58, '1 min'],
    [61, '1 min'],
    [235, '4 min'],
  ])('writes %d seconds left as %s', (seconds, text) => expect(timeLeft(seconds)).toBe(text));

  test.each([
    ['', null],
    [' 20 ', 20_000_000],
    ['1.5', 1_500_000],
    ['0', undefined],
    ['-3', undefined],
    ['20M', undefined],
    ['1e3', undefined],
    ['9999999', undefined],
  ])('reads a limit of "%s" MB/s as %s', (typed, bytes) => expect(speed(typed)).toBe(bytes));

  test('writes a limit so that it is read back unchanged', () => {
    for (const bytes of [null, 100_000, 1_500_000, 20_000_000]) expect(speed(typedSpeed(bytes))).toBe(bytes);
  });

  test('writes when something was', () => {
    const now = new Date(2026, 10, 24, 0, 15).getTime();
    expect(relativeTime(now - 5 * 60_000, now)).toBe('today, 00:10');
    expect(relativeTime(now - 60 * 60_000, now)).toBe('yesterday, 23:15');
    expect(relativeTime(new Date(2026, 10, 12, 14, 2).getTime(), now)).toBe('12 Nov, 14:02');
  });

  test('rounds a percentage down, so that 100 means everything', () => {
    expect(percent(999_999, 1_000_000)).toBe(99);
    expect(percent(1_000_000, 1_000_000)).toBe(100);
    expect(percent(0, 0)).toBe(100);
  });

  test('writes a place in bytes with its sector of 512 bytes', () =>
    expect(place(13_312_720_896)).toBe('13.3 GB (byte 13,312,720,896, sector 26,001,408)'));

  test('writes names and lists', () => {
    expect(baseName('/dev/sdb')).toBe('sdb');
    expect(folder('/home/me/copy.img')).toBe('/home/me');
    expect(folder('/copy.img')).toBe('/');
    expect(lastSix('S5GXNX0T123456')).toBe('123456');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  });
});

describe('the shown command line', () => {
  const jobRequest = (kind: JobKind, source: string | null, destinations: string[], more: Facts = {}): JobRequest =>
    requestOf({ kind, source, destinations, ...more });

  test('names the same source and destinations as the request', () =>
    expect(commandLine(jobRequest('copy', '/a/disk.img', ['/dev/sdb', '/dev/sdc']))).toBe(
      'platter copy /a/disk.img /dev/sdb /dev/sdc',
    ));

  test('says when nothing is verified', () =>
    expect(commandLine(jobRequest('copy', '/a', ['/b'], { verify: false }))).toBe('platter copy --no-verify /a /b'));

  test('has every option that differs from its default', () =>
    expect(
      commandLine(
        jobRequest('copy', '/a', ['/b'], { rescue: { retries: 1, map: null }, keepGoing: true, throttle: 1_500_000 }),
      ),
    ).toBe('platter copy --keep-going --rescue --retries 1 --throttle 1500000 /a /b'));

  test('shows an update as --update', () =>
    expect(commandLine(jobRequest('copy', '/a', ['/b'], { update: true }))).toBe('platter copy --update /a /b'));

  test('shows how to resume an interrupted job', () =>
    expect(commandLine({ ...plainResume('20261124-001500-a1b2c3'), unmount: true })).toBe(
      'platter resume --unmount 20261124-001500-a1b2c3',
    ));

  test.each([
    [jobRequest('verify', '/a.img', ['/dev/sdb', '/b.img']), 'platter verify /a.img /dev/sdb /b.img'],
    [
      jobRequest('verify', null, ['/dev/sdb', '/dev/sdc'], { manifest: '/a.manifest', keepGoing: true }),
      'platter verify --manifest /a.manifest --keep-going /dev/sdb /dev/sdc',
    ],
    [
      jobRequest('verify', null, ['/dev/sdb'], { manifest: '-odd', name: 'Order 4711', throttle: 5e6 }),
      "platter verify --manifest=-odd --name 'Order 4711' --throttle 5000000 /dev/sdb",
    ],
    [
      jobRequest('repair', '/a.img', ['/dev/sdb'], { unmount: true, destinationThrottles: [1e6] }),
      'platter repair --unmount --throttle-dest /dev/sdb=1000000 /a.img /dev/sdb',
    ],
  ])('shows a check or a repair so that the command line parses the same request: %#', async (request, line) => {
    expect(commandLine(request)).toBe(line);
    const asked: unknown[] = [];
    const none = (): Promise<number> => Promise.resolve(0);
    const job = (parsed: unknown): Promise<number> => Promise.resolve(asked.push(parsed));
    const words = line
      .replaceAll("'Order 4711'", 'Order_4711')
      .split(' ')
      .slice(1)
      .map((word) => word.replace('_', ' '));
    await commands(
      {
        list: none,
        info: none,
        mount: none,
        unmount: none,
        check: none,
        jobs: none,
        forget: none,
        history: none,
        report: none,
        job,
      },
      () => undefined,
    ).parseAsync(words, { from: 'user' });
    expect(asked).toEqual([request]);
  });

  test('quotes what a shell would take apart, and keeps a dash from being an option', () =>
    expect(commandLine(jobRequest('copy', "/my disk's.img", ['-n']))).toBe(`platter copy -- '/my disk'\\''s.img' -n`));
});

describe('consent in the window', () => {
  const small = make.disk('/dev/sdb', { size: 32e9 });

  test('asks for nothing when nothing is erased', () =>
    expect(consentFor(make.plan([make.imageEndpoint('/new.img', 32e9)])).kind).toBe('none'));

  test('asks to hold the button for an unrecognised drive about as large as the source', () =>
    expect(consentFor(make.plan([make.endpoint(small)])).kind).toBe('hold'));

  test('asks to hold the button for an existing file', () =>
    expect(
      consentFor(make.plan([make.imageEndpoint('/old.img', 32e9, { overwrites: true, contents: [make.ext4('root')] })]))
        .kind,
    ).toBe('hold'));

  test.each([
    ['data', make.endpoint(small, { contents: [make.ext4('root')] }), '1 drive with data'],
    ['size', make.endpoint(small, { size: 257e9 }), '1 drive above 256 GB'],
    ['ratio', make.endpoint(small, { size: 128e9 }), '1 drive over four times the size of the source'],
  ])('asks for the word because of the %s of a drive, and says why', (_name, endpoint, reason) => {
    const consent = consentFor(make.plan([make.endpoint(small), endpoint]));
    expect(consent.kind).toBe('word');
    expect(consent.reasons).toContain(reason);
  });

  test('asks for no word for what an interrupted job left on a drive', () =>
    expect(
      consentFor(make.resumePlan([make.endpoint(small, { contents: [make.ext4('root')], size: 512e9 })])).kind,
    ).toBe('hold'));

  test('asks for nothing before a comparison, and does not call an update erasing', () => {
    const end = make.endpoint(small, { contents: [make.ext4('root')] });
    const of = (more: Facts): JobRequest => requestOf({ source: '/a', destinations: [end.path], ...more });
    expect(consentFor(make.plan([{ ...end, overwrites: false }], { kind: 'verify' })).kind).toBe('none');
    expect(consentFor(make.plan([end], { kind: 'repair', request: of({ kind: 'repair' }) })).word).toBe('OVERWRITE');
    expect(consentFor(make.plan([end], { request: of({ update: true }) })).word).toBe('OVERWRITE');
    expect(consentFor(make.plan([end])).word).toBe('ERASE');
  });

  test('accepts the word and nothing else', () => {
    expect(isWord(' ERASE ', 'ERASE')).toBe(true);
    expect(isWord('erase', 'ERASE')).toBe(false);
    expect(isWord('LÖSCHEN'.normalize('NFD'), 'LÖSCHEN')).toBe(true);
    expect(isWord('ERAS', 'ERASE')).toBe(false);
    expect(isWord('', 'ERASE')).toBe(false);
  });
});

describe('disks in the window', () => {
  test('takes a drive that was swapped under the same path for another one', () => {
    const one = make.disk('/dev/sdb');
    expect(identity(one)).toBe(identity({ ...one, label: 'NEW' }));
    expect(identity(one)).not.toBe(identity({ ...one, serial: 'OTHER' }));
  });

  test('shows names, facts and contents', () => {
    expect(diskName(make.loopDisk)).toBe('target.img');
    expect(diskFacts(make.systemDisk)).toEqual(['…123456', 'nvme0n1']);
    expect(contents(make.systemDisk)).toBe('2 partitions: FAT “EFI”, ext4');
    expect(contents(make.mountedDisk)).toBe('exFAT · PHOTOS');
    expect(contents(make.loopDisk)).toBe('No data found');
  });

  test("locks by main's reason, the source itself, the file behind it, or a size too small", () => {
    const [stick] = make.sticks(1);
    expect(destinationLock(make.systemDisk, null, 'copy')).toBe('It holds the running system.');
    expect(destinationLock(stick!, { disk: stick! }, 'copy')).toBe('This is the source.');
    expect(destinationLock(make.loopDisk, { image: '/home/me/lab/target.img', bytes: null }, 'verify')).toBe(
      'The source is the file behind this drive.',
    );
    expect(destinationLock(make.smallDisk, { disk: stick! }, 'copy')).toBe('Too small: 60 GB less than the source.');
    expect(destinationLock(make.smallDisk, { image: '/any.img', bytes: null }, 'copy')).toBeNull();
    expect(destinationLock(make.smallDisk, { image: '/any.img', bytes: 5e9 }, 'copy')).toBe(
      'Too small: 995 MB less than the source.',
    );
    // Only a drive that is written has to be free.
    expect(destinationLock(make.systemDisk, null, 'verify')).toBeNull();
    expect(destinationLock(make.readOnlyDisk, { image: '/any.img', bytes: null }, 'verify')).toBeNull();
    expect(destinationLock(make.smallDisk, { disk: stick! }, 'verify')).toBe('Too small: 60 GB less than the source.');
    expect(sourceLock(make.disk('/dev/sdz', { size: 0 }))).toMatch(/No medium/);
  });
});
