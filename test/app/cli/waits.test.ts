// The lines about files that a command waits for before its job.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { waitsOn } from '../../../app/cli/output/waits.ts';

const reading = (done: number): { why: 'size'; done: number; of: number } => ({ why: 'size', done, of: 1000 });

/** The output for these offsets in a file of 1000 bytes, and then for a file that does not answer. */
function printed(rewrites: boolean, ...done: number[]): string {
  const stderr = new PassThrough();
  const waits = waitsOn(stderr, rewrites);
  for (const one of done) waits.told('/home/me/disk.img.gz', reading(one));
  waits.told('/mnt/slow', null);
  waits.over();
  return String(stderr.read());
}

test('says how far a file was read, a line for each tenth', () => {
  expect(printed(false, 15, 30, 119, 990)).toBe(
    [
      'platter: reading disk.img.gz to find the size of the image in it: 1 %',
      'platter: reading disk.img.gz to find the size of the image in it: 11 %',
      'platter: reading disk.img.gz to find the size of the image in it: 99 %',
      'platter: still waiting for /mnt/slow\n',
    ].join('\n'),
  );
});

test('writes that line again on a terminal, and leaves none', () => {
  const line = 'platter: reading disk.img.gz to find the size of the image in it: ';
  expect(printed(true, 15, 30)).toBe(
    `${line}1 %\r\x1b[K${line}3 %\r\x1b[Kplatter: still waiting for /mnt/slow\n\r\x1b[K`,
  );
});

test('says that used blocks are being found, and from the second partition on how far that is', () => {
  const stderr = new PassThrough();
  const waits = waitsOn(stderr, false);

  for (const done of [0, 0, 400]) waits.told('/dev/sdb', { why: 'used', done, of: 1000 });

  expect(String(stderr.read())).toBe(
    'platter: finding which blocks of /dev/sdb are in use\n' +
      'platter: finding which blocks of /dev/sdb are in use: 40 %\n',
  );
});
