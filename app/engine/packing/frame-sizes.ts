// The frames that an incomplete image has. A sandboxed program finds them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import { PROGRAM } from '../unpacking/unpack-program.ts';

/** A frame: its bytes in the file, and the bytes that it holds. */
export interface FrameSize {
  packed: number;
  holds: number;
}

/**
 * The frames from the start of the open `file`, a zstd image, as far as they are whole. Rejects with an errno when the
 * program cannot be started, EIO when it fails.
 */
export async function frameSizes(file: number): Promise<FrameSize[]> {
  const child = spawn(PROGRAM, ['frame-sizes', '--parent', String(process.pid)], {
    stdio: [file, 'pipe', 'ignore'],
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
  });
  const text: string[] = [];
  child.stdout!.setEncoding('utf8').on('data', (part: string) => text.push(part));
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = text.join('').split('\n').slice(0, -1);
  const frames = lines.map((line) => /^(\d{1,15}) (\d{1,15})$/u.exec(line));
  if (code !== 0 || frames.includes(null))
    throw Object.assign(new Error(`platter-unpack frame-sizes ended with ${String(code)}`), { code: 'EIO' });
  return frames.map((found) => ({ packed: Number(found![1]), holds: Number(found![2]) }));
}
