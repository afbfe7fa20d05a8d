// Each rule of the lab, through a loop device with direct I/O, as in the engine's tests.
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assertOwnLoop, labdisk } from './lab.ts';
import { backing, dd, filledDisk, flipped, fresh, KiB, MiB, old, read, reason, run, write } from './support.ts';

/** Milliseconds that `action` takes. */
async function time(action: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action;
  return performance.now() - start;
}

describe.skipIf(reason !== null)('a disk of the lab', () => {
  test.each([512, 4096] as const)('is a loop device with sectors of %i bytes and direct I/O', async (sector) => {
    const disk = await filledDisk({ sector });
    expect((await run('blockdev', ['--getss', '--getsize64', disk.device])).stdout.toString()).toBe(
      `${sector}\n${4 * MiB}\n`,
    );
    expect(await readFile(disk.device.replace('/dev/', '/sys/block/') + '/loop/dio', 'utf8')).toBe('1\n');
    await write(disk.device, MiB, fresh(4096));
    expect(await backing(disk, MiB, 4096)).toEqual(fresh(4096));
    expect(await read(disk.device, 0, 64 * KiB)).toEqual(old(64 * KiB));
    if (sector === 4096) await expect(write(disk.device, 512, fresh(512))).rejects.toThrow('Invalid argument');
  });

  test('sees a request of 1 MiB in at most three pieces, none lost', async () => {
    const disk = await filledDisk();
    await disk.rule('log on');
    await write(disk.device, MiB, fresh(MiB));
    const writes = await disk.writes();
    expect(writes.length).toBeLessThanOrEqual(3); // the block layer cuts at 128 separate pieces of memory
    expect(writes.reduce((sum, { length }) => sum + length, 0)).toBe(MiB);
  });

  test('rule eio: fails the I/O that touches the range, and nothing beside it', async () => {
    const disk = await filledDisk();
    await disk.rule('eio r 33s 1s', 'eio w 1M 4K ENOSPC');
    await expect(read(disk.device, 33 * 512, 512)).rejects.toThrow('Input/output error');
    await expect(read(disk.device, 0, 64 * KiB)).rejects.toThrow('Input/output error');
    expect(await read(disk.device, 32 * 512, 512)).toEqual(old(512, 32 * 512));
    expect(await read(disk.device, 34 * 512, 512)).toEqual(old(512, 34 * 512));
    await expect(write(disk.device, MiB, fresh(512))).rejects.toThrow('No space left on device');
    await write(disk.device, MiB - 512, fresh(512));
    await write(disk.device, MiB + 4096, fresh(512));
    expect(await backing(disk, MiB, 4096)).toEqual(old(4096, MiB));
    expect((await disk.counters()).errors).toBeGreaterThanOrEqual(3);
  });

  test('rule eio with a count: fails that many times, and clear ends it', async () => {
    const disk = await filledDisk();
    await disk.rule('eio w 0 end EIO 1');
    await expect(write(disk.device, 0, fresh(512))).rejects.toThrow('Input/output error');
    await write(disk.device, 0, fresh(512));
    await disk.rule('eio w 0 end');
    await expect(write(disk.device, 0, fresh(512))).rejects.toThrow('Input/output error');
    await disk.rule('clear');
    await write(disk.device, 0, fresh(512));
  });

  test('rule short: writes the part before the range, then fails', async () => {
    const disk = await filledDisk();
    await disk.rule('short w 8K 512');
    await expect(write(disk.device, 0, fresh(64 * KiB))).rejects.toThrow('Input/output error');
    expect(await backing(disk, 0, 8 * KiB)).toEqual(fresh(8 * KiB));
    expect(await backing(disk, 8 * KiB, 56 * KiB)).toEqual(old(56 * KiB, 8 * KiB));
  });

  test('rule flip: changes these bytes when they are written or read, without an error', async () => {
    const disk = await filledDisk();
    await disk.rule('flip w 5000', 'flip r 1M 512 1');
    await write(disk.device, 0, fresh(8 * KiB));
    expect(await backing(disk, 0, 8 * KiB)).toEqual(flipped(fresh(8 * KiB), 5000, 1));
    expect(await read(disk.device, MiB, 1024)).toEqual(flipped(old(1024, MiB), 0, 512));
    expect(await read(disk.device, MiB, 1024)).toEqual(old(1024, MiB));
  });

  test('rule drop: reports success and keeps the old bytes', async () => {
    const disk = await filledDisk();
    await disk.rule('drop w 4K 512');
    await write(disk.device, 0, fresh(8 * KiB));
    const want = Buffer.concat([fresh(4 * KiB), old(512, 4 * KiB), fresh(8 * KiB).subarray(4 * KiB + 512)]);
    expect(await backing(disk, 0, 8 * KiB)).toEqual(want);
  });

  test('rules delay and rate: hold I/O back in the range or direction that they name', async () => {
    const disk = await filledDisk();
    await disk.rule('delay r 4000000 1M 512');
    const ends: string[] = [];
    const held = time(read(disk.device, MiB, 512)).finally(() => ends.push('in the range'));
    await disk.waitFor(({ inFlight }) => inFlight > 0);
    await read(disk.device, 0, 512).finally(() => ends.push('beside it'));
    expect(await held).toBeGreaterThan(3990);
    await disk.rule('clear', 'rate w 1M');
    const writing = time(write(disk.device, 0, fresh(4 * MiB))).finally(() => ends.push('write'));
    await disk.waitFor(({ inFlight }) => inFlight > 0);
    await read(disk.device, 0, 4 * MiB).finally(() => ends.push('read'));
    expect(await writing).toBeGreaterThan(3900);
    expect(ends).toEqual(['beside it', 'in the range', 'read', 'write']);
  });

  test('rule stall: holds I/O until go', async () => {
    const disk = await filledDisk();
    await disk.rule('stall w');
    let ended = false;
    const writing = write(disk.device, 0, fresh(512)).then(() => (ended = true));
    await disk.waitFor(({ inFlight }) => inFlight === 1);
    expect(await read(disk.device, 0, 512)).toEqual(old(512));
    await sleep(100);
    expect(ended).toBe(false);
    await disk.rule('go');
    await writing;
    expect(await backing(disk, 0, 512)).toEqual(fresh(512));
  });

  test('rule dead: fails everything, including stalled requests', async () => {
    const disk = await filledDisk();
    await disk.rule('stall');
    const reading = expect(read(disk.device, 0, 512)).rejects.toThrow('Input/output error');
    await disk.waitFor(({ inFlight }) => inFlight === 1);
    await disk.rule('dead');
    await reading;
    await expect(write(disk.device, 0, fresh(512))).rejects.toThrow('Input/output error');
    await expect(dd(['if=/dev/null', `of=${disk.device}`, 'conv=fsync,notrunc'])).rejects.toThrow('Input/output error');
  });

  test('rule after: puts a rule into force after a number of bytes', async () => {
    const disk = await filledDisk();
    await disk.rule('after w 2M dead');
    await expect(dd(['if=/dev/zero', `of=${disk.device}`, 'bs=256K', 'oflag=direct'])).rejects.toThrow(
      'Input/output error',
    );
    const want = Buffer.concat([Buffer.alloc(2 * MiB), old(2 * MiB, 2 * MiB)]);
    expect((await backing(disk, 0, 4 * MiB)).equals(want)).toBe(true);
  });

  test('clear: waits for a rule that is coming into force, and removes it', async () => {
    const disk = await filledDisk();
    const directory = await mkdtemp(join(tmpdir(), 'lab-test-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const map = join(directory, 'map'); // the disk waits for the writer of the map
    await run('mkfifo', [map]);
    await disk.rule(`after w 4K bad-map w ${map}`);
    await write(disk.device, 0, fresh(4096));
    const writing = expect(write(disk.device, 0, fresh(4096))).rejects.toThrow('Input/output error');
    await disk.waitFor(({ rules }) => rules === 0);
    const cleared = disk.rule('clear');
    await Promise.race([cleared, sleep(200)]);
    await writeFile(map, '0 ?\n0 0x400000 -\n');
    await Promise.all([writing, cleared]);
    expect(await disk.counters()).toMatchObject({ badSectors: 0 });
    await write(disk.device, 0, fresh(4096));
  });

  test('rule flush-fails: lets writes succeed, and fails the flush', async () => {
    const disk = await filledDisk();
    await disk.rule('flush-fails EIO 1');
    await write(disk.device, 0, fresh(512));
    const flush = ['if=/dev/null', `of=${disk.device}`, 'conv=fsync,notrunc'];
    await expect(dd(flush)).rejects.toThrow('fsync failed');
    await dd(flush);
  });

  test('volatile: loses in a power cut what was not flushed', async () => {
    const disk = await filledDisk();
    await disk.rule('volatile on');
    await write(disk.device, 0, fresh(64 * KiB));
    await dd(['if=/dev/null', `of=${disk.device}`, 'conv=fsync,notrunc']);
    await write(disk.device, MiB + 512, fresh(64 * KiB));
    expect(await read(disk.device, MiB + 512, 64 * KiB)).toEqual(fresh(64 * KiB));
    expect(await backing(disk, MiB + 512, 64 * KiB)).toEqual(old(64 * KiB, MiB + 512));
    await disk.rule('powercut');
    expect(await read(disk.device, 0, 64 * KiB)).toEqual(fresh(64 * KiB));
    expect(await read(disk.device, MiB, 128 * KiB)).toEqual(old(128 * KiB, MiB));
  });

  test('power cut with a seed: loses some pages, the same ones every time', async () => {
    const survivors: string[] = [];
    for (let i = 0; i < 2; i++) {
      const disk = await filledDisk();
      await disk.rule('volatile on');
      await write(disk.device, 0, fresh(MiB));
      await disk.rule('powercut 42', 'volatile off');
      const now = await read(disk.device, 0, MiB);
      let map = '';
      for (let at = 0; at < MiB; at += 4096) {
        const page = now.subarray(at, at + 4096);
        map += page.equals(fresh(4096, at)) ? 'n' : page.equals(old(4096, at)) ? 'o' : '?';
      }
      survivors.push(map);
    }
    expect(survivors[0]).toMatch(/^[no]{256}$/);
    expect(survivors[0]!.match(/n/g)!.length).toBeGreaterThan(64);
    expect(survivors[0]!.match(/o/g)!.length).toBeGreaterThan(64);
    expect(survivors[1]).toBe(survivors[0]);
  });

  test('rule resize: reads nothing past a new end, writes ENOSPC there, and can grow again', async () => {
    const disk = await filledDisk();
    await disk.rule('resize 1M');
    expect(await read(disk.device, MiB, 4096)).toHaveLength(0);
    await expect(write(disk.device, MiB, fresh(4096))).rejects.toThrow('No space left on device');
    await disk.rule('resize 8M');
    expect((await run('blockdev', ['--getsize64', disk.device])).stdout.toString()).toBe(`${8 * MiB}\n`);
    expect(await read(disk.device, MiB, 4096)).toEqual(old(4096, MiB));
    expect(await read(disk.device, 6 * MiB, 4096)).toEqual(Buffer.alloc(4096));
  });

  test('log: shows the order in which I/O began and ended, with its errors', async () => {
    const disk = await filledDisk();
    await disk.rule('log on rwf', 'eio w 8K 512');
    await dd(['if=/dev/zero', `of=${disk.device}`, 'bs=4K', 'count=2', 'oflag=direct', 'conv=fsync,notrunc']);
    await expect(write(disk.device, 8 * KiB, fresh(512))).rejects.toThrow();
    await read(disk.device, 0, 512);
    // Other programs that list all devices also read pages of this one.
    const log = (await disk.log()).filter(({ op, length }) => op !== 'read' || length === 512);
    const shape = log.map(({ op, offset, length, error }) => [op, offset, length, error]);
    expect(shape.slice(0, 5)).toEqual([
      ['write', 0, 4096, null],
      ['write', 4096, 4096, null],
      ['flush', 0, 0, null],
      ['write', 8192, 512, 'EIO'],
      ['read', 0, 512, null],
    ]);
    for (const [i, entry] of log.entries()) {
      expect(entry.end).toBeGreaterThan(entry.begin);
      if (i > 0) expect(entry.begin).toBeGreaterThan(log[i - 1]!.end);
    }
    await disk.rule('log clear');
    expect(await disk.log()).toEqual([]);
  });

  test('counts I/O, and resets the counters', async () => {
    const disk = await filledDisk();
    await disk.rule('reset');
    await read(disk.device, 0, 4096);
    await write(disk.device, 0, fresh(1024));
    const counters = {
      reads: 1,
      writes: 1,
      bytesRead: 4096,
      bytesWritten: 1024,
      errors: 0,
      inFlight: 0,
      size: 4 * MiB,
    };
    expect(await disk.counters()).toMatchObject(counters);
    await disk.rule('reset');
    expect(await disk.counters()).toMatchObject({ reads: 0, writes: 0, bytesRead: 0, bytesWritten: 0 });
  });

  test('logs zeroing, applies the rules of writes to it, and can refuse it', async () => {
    const disk = await filledDisk();
    await disk.rule('log on', 'drop w 512 512');
    expect(await run('blkdiscard', ['-z', '-o', '0', '-l', '4096', disk.device])).toMatchObject({ code: 0 });
    expect(await backing(disk, 0, 4096)).toEqual(Buffer.concat([Buffer.alloc(512), old(512, 512), Buffer.alloc(3072)]));
    expect((await disk.writes())[0]).toMatchObject({ op: 'zero', offset: 0, length: 4096 });
    await disk.rule('clear', 'eio z 0 end');
    expect((await run('blkdiscard', ['-z', '-o', '0', '-l', '4096', disk.device])).stderr).toContain(
      'Input/output error',
    );
    await write(disk.device, 0, fresh(512));
  });

  test.each([
    'nonsense',
    'eio',
    'eio q 0 512',
    'eio w 0',
    'eio w 0 512 EWHAT',
    'eio w 0 512 EIO 0',
    'resize',
    'flip w -1',
    'drop r 0 512',
    'rate w',
    'volatile perhaps',
    'after w 1M',
    'log maybe',
    'eio w 99999999999999999999 1',
  ])('refuses the rule "%s"', async (line) => {
    const disk = await filledDisk();
    await expect(disk.rule(line)).rejects.toThrow('EINVAL');
    expect((await disk.counters()).rules).toBe(0);
  });

  test('read-only: refuses writes', async () => {
    const disk = await filledDisk({ readOnly: true });
    expect(await read(disk.device, 0, 512)).toEqual(old(512));
    await expect(write(disk.device, 0, fresh(512))).rejects.toThrow(/not permitted|Read-only/);
  });

  test('buffered: lets a write succeed, and reports its error at fsync', async () => {
    const disk = await filledDisk({ buffered: true });
    await disk.rule('eio w 0 end');
    const one = [`of=${disk.device}`, 'bs=4096', 'count=1', 'conv=notrunc'];
    await expect(dd(['if=/dev/zero', ...one, 'conv=fsync,notrunc'])).rejects.toThrow('fsync failed');
  });

  test('plain: is the same device without rules', async () => {
    const disk = await filledDisk({ plain: true, sector: 4096 });
    await write(disk.device, 0, fresh(4096));
    expect(await backing(disk, 0, 4096)).toEqual(fresh(4096));
    await expect(async () => disk.rule('dead')).rejects.toThrow('no rules');
  });

  test('uses a file of the caller, and keeps it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lab-test-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'disk.img');
    await writeFile(file, old(MiB));
    const disk = await labdisk({ file, plain: true });
    assertOwnLoop(disk.device);
    await write(disk.device, 0, fresh(512));
    await disk.close();
    expect((await readFile(file)).subarray(0, 1024)).toEqual(Buffer.concat([fresh(512), old(512, 512)]));
    expect(() => assertOwnLoop(disk.device)).toThrow('not a device of the lab');
  });
});

describe.skipIf(reason !== null)('a file of the lab', () => {
  test('has the same faults as a disk, grows and is truncated', async () => {
    const disk = await filledDisk({ loop: false });
    await disk.rule('eio r 4K 512', 'eio w 5M end ENOSPC');
    await expect(read(disk.device, 4096, 512)).rejects.toThrow('Input/output error');
    await write(disk.device, 4 * MiB, fresh(MiB));
    expect((await disk.counters()).size).toBe(5 * MiB);
    await expect(write(disk.device, 5 * MiB, fresh(512))).rejects.toThrow('No space left on device');
    await truncate(disk.device, 512);
    await truncate(disk.device, 1024);
    expect(await readFile(disk.device)).toEqual(Buffer.concat([old(512), Buffer.alloc(512)]));
  });

  test('partial: limits the bytes of every I/O', async () => {
    const disk = await filledDisk({ loop: false });
    await disk.rule('partial rw 1536', 'log on');
    expect(await read(disk.device, 0, 8192)).toEqual(old(1536));
    await write(disk.device, 0, fresh(4096)); // dd continues where a short write ended
    expect((await disk.writes()).map(({ offset }) => offset)).toEqual([0, 1536, 3072]);
    expect(await backing(disk, 0, 8192)).toEqual(Buffer.concat([fresh(4096), old(4096, 4096)]));
  });

  test('buffered file: refuses O_DIRECT, and reports at fsync what a write hid', async () => {
    const disk = await filledDisk({ loop: false, buffered: true });
    await expect(read(disk.device, 0, 512)).rejects.toThrow('Invalid argument');
    await disk.rule('eio w 0 end');
    const file = await open(disk.device, 'r+');
    expect((await file.write(fresh(4096), 0, 4096, 0)).bytesWritten).toBe(4096);
    await expect(file.sync()).rejects.toThrow('EIO');
    await file.close();
  });
});
