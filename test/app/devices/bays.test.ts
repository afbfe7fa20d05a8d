// The numbers of bays: when a socket gets one, and where they are kept.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Disk } from '../../../app/contract/disks.ts';
import { inBays, keepBays, readBays, withNewBays } from '../../../app/engine/devices/bays.ts';
import * as make from '../../renderer/support/fixtures.ts';
import type { Refusal } from '../../../app/base/errors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platter-bays-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A stick in port `port` of hub 1. */
const stick = (port: number): Disk => ({
  ...make.sticks(1)[0]!,
  path: `/dev/sd${'bcdefgh'[port]!}`,
  port: make.usbPort(1, port),
});
const place = (port: number): string => make.usbPort(1, port).path;
const numbers = (disks: readonly Disk[]): (number | null)[] => disks.map(({ port }) => port?.bay?.number ?? null);

test('sockets are numbered in the order of their ports when drives are first seen in them together', async () => {
  const listed = await inBays([stick(3), stick(1), stick(2)], folder);

  expect(listed.map(({ port }) => port!.path)).toEqual([place(1), place(2), place(3)]);
  expect(numbers(listed)).toEqual([1, 2, 3]);
});

test('a socket keeps its number when a socket before it gets its first drive', async () => {
  await inBays([stick(4)], folder);

  const listed = await inBays([stick(1), stick(4)], folder);

  expect(listed.map(({ port }) => [port!.path, port!.bay!.number])).toEqual([
    [place(4), 1],
    [place(1), 2],
  ]);
});

test('built-in disks, the disks of the system and disks without a port have no bay', () => {
  const builtIn = { ...stick(1), removable: false, transport: 'nvme' };
  const system = { ...stick(2), system: true };
  const loop = { ...stick(3), port: null };

  expect(withNewBays([], [builtIn, system, loop])).toEqual([]);
});

test('names and order that were kept are those of the next list', async () => {
  await keepBays(folder, [
    { port: place(2), name: 'Left' },
    { port: place(1), name: null },
  ]);

  const listed = await inBays([stick(1), stick(2)], folder);

  expect(listed.map(({ port }) => port!.bay)).toEqual([
    { number: 1, name: 'Left' },
    { number: 2, name: null },
  ]);
});

test('a damaged file is named with what to do, stays as it is, and costs nothing but the numbers', async () => {
  const path = join(folder, 'bays.json');
  await writeFile(path, '{"format":"platter-bays","version":1,"bays":[{}]}');

  const listed = await inBays([stick(1)], folder);

  expect(numbers(listed)).toEqual([null]);
  const refused = await readBays(folder).catch((error: unknown) => error);
  expect((refused as Refusal).errors).toMatchObject([{ code: 'BAD_FILE', device: path }]);
  expect(await readFile(path, 'utf8')).toContain('[{}]');
});
