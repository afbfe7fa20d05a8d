// Starts the programs that pack the chunks of an image.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { Packing } from '../../contract/image-formats.ts';
import { SYSTEM_PATH } from '../devices/run-program.ts';
import type { FrameWorker, NativeAddon } from '../native/addon.ts';
import { PROGRAM } from '../unpacking/unpack-program.ts';

/** Bytes of the memory that a program shares with the engine (native/unpack/frame_protocol.h). */
const sharedMemory = (chunk: number): number => 2 * chunk + Math.floor(chunk / 64) + 64 * 1024;

/** Starts a program that packs chunks of up to `chunk` bytes. Rejects with an errno. */
export async function startWorker(addon: NativeAddon, chunk: number, { format, level }: Packing): Promise<FrameWorker> {
  const open: number[] = [];
  const kept = <Fd extends number>(fd: Fd): Fd => {
    open.push(fd);
    return fd;
  };
  try {
    const memory = kept(addon.makeMemory(sharedMemory(chunk)));
    const [theirRequests, requests] = addon.makePipe().map(kept) as [number, number];
    const [answers, theirAnswers] = addon.makePipe().map(kept) as [number, number];
    const words = ['frames', '--format', format, '--level', String(level), '--size', String(chunk)];
    const child = spawn(PROGRAM, [...words, '--parent', String(process.pid)], {
      stdio: [theirRequests, theirAnswers, 'ignore', 'ignore', memory],
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C.UTF-8' },
      // Ctrl-C is for the job, which ends its programs in order.
      detached: true,
    });
    await started(child);
    for (const fd of [theirRequests, theirAnswers]) closeSync(fd);
    return [memory, requests, answers];
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  }
}

async function started(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) throw ((await once(child, 'error')) as [Error])[0];
  child.on('error', () => undefined); // it runs; its end is seen at its pipes
  child.unref();
}
