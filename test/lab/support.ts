// For the lab's own tests: direct I/O through dd, which aligns its buffers, and a disk with known content.
import { spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { assertOwnLoop, canLab, labdisk, seededBytes, type LabDisk, type LabDiskOptions } from './lab.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Why the lab's tests are skipped, or null. */
export const reason = canLab();
if (reason !== null) console.error(`lab tests skipped: ${reason}`);

export interface Ran {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

export async function run(program: string, args: string[], input?: Buffer): Promise<Ran> {
  const child = spawn(program, args, { env: { ...process.env, LC_ALL: 'C' } });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => stdout.push(data));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  child.stdin.on('error', () => undefined); // the exit code of a program that stops reading early says so
  child.stdin.end(input);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, stdout: Buffer.concat(stdout), stderr };
}

/** Throws dd's message, without its statistics, when dd fails. */
export async function dd(args: string[], input?: Buffer): Promise<Buffer> {
  const { code, stdout, stderr } = await run('dd', ['status=none', ...args], input);
  if (code !== 0) throw new Error(stderr.trim());
  return stdout;
}

export const read = (path: string, offset: number, length: number): Promise<Buffer> =>
  dd([`if=${path}`, 'iflag=direct,skip_bytes', `bs=${length}`, 'count=1', `skip=${offset}`]);

export const write = (path: string, offset: number, data: Buffer): Promise<Buffer> =>
  dd(
    [`of=${path}`, 'iflag=fullblock', 'oflag=direct,seek_bytes', 'conv=notrunc', `bs=${data.length}`, `seek=${offset}`],
    data,
  );

export async function backing(disk: LabDisk, offset: number, length: number): Promise<Buffer> {
  const file = await open(disk.backing);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  await file.close();
  return buffer.subarray(0, bytesRead);
}

/**
 * True when `act` ends before an earlier read that another disk holds for `seconds`: an order of events, not a time.
 */
export async function endsWithin(seconds: number, act: () => Promise<unknown>): Promise<boolean> {
  const other = await filledDisk({ rules: [`delay r ${seconds * 1_000_000}`] });
  const held = read(other.device, 0, 512);
  await other.waitFor(({ inFlight }) => inFlight > 0);
  const first = await Promise.race([held.then(() => 'held'), act().then(() => 'act')]);
  await held;
  return first === 'act';
}

/** `data` with the lowest bit of bytes [from, from + length) flipped. */
export function flipped(data: Buffer, from: number, length: number): Buffer {
  const copy = Buffer.from(data);
  for (let i = from; i < from + length; i++) copy[i]! ^= 1;
  return copy;
}

export const old = (length: number, offset = 0): Buffer => seededBytes(length, 1, offset);
export const fresh = (length: number, offset = 0): Buffer => seededBytes(length, 2, offset);

/** A disk of `size` bytes that holds old() and has counted no I/O yet. */
export async function filledDisk(options: LabDiskOptions = {}): Promise<LabDisk> {
  const disk = await labdisk({ size: 4 * MiB, ...options });
  onTestFinished(() => disk.close());
  if (disk.device.startsWith('/dev/loop')) assertOwnLoop(disk.device);
  await writeFile(disk.backing, old(options.size ?? 4 * MiB), { flag: 'r+' });
  return disk;
}
