// The engine host: frames in on stdin, frames out on stdout, anything else on stderr. It trusts nothing that it reads.
// It may hold disks that its user may not open, so every way out of it stops the job safely first.
import '../base/no-inspector.ts'; // before anything else
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { PlatterError } from '../contract/errors.ts';
import { PROTOCOL, type DisksEvent, type HostEvent, type HostMessage } from '../contract/host.ts';
import { unanswered } from '../base/slow-answers.ts';
import { describe } from './unpacking/describe.ts';
import { LocalEngine } from './engine.ts';
import { errorsIn, failure, hasStalled, Refusal } from '../base/errors.ts';
import { encodeFrame, FrameDecoder } from '../client/frames.ts';
import { loadAddon, type NativeAddon } from './native/addon.ts';
import { Rights } from './access/rights.ts';
import { closeImage } from './serving/opened.ts';
import { showImage } from './serving/show-image.ts';
import { hostRequest, type HostRequest } from '../contract/host-request.ts';

const ADDON = fileURLToPath(new URL('../native/kcopyd.node', import.meta.url));
/** How long a client that has stopped reading gets to take the last frames. */
const FLUSH_MS = 2000;

process.stdout.write(encodeFrame({ event: 'hello', protocol: PROTOCOL } satisfies HostMessage));
const decoder = new FrameDecoder();
let addon: NativeAddon | null = null;
const load = (): NativeAddon => (addon ??= loadAddon(ADDON));
// --broker FD: the control socket of `platter-broker --as`. --sudo: the client runs sudo on its terminal on request.
const { broker, sudo = false } = parseArgs({
  options: { broker: { type: 'string' }, sudo: { type: 'boolean' } },
}).values;
const rights = new Rights({ control: broker === undefined ? null : Number(broker), sudo }, load, (asking) =>
  send({ event: 'rights', asking }),
);
const engine = new LocalEngine(load, sendEvent, sendDisks, broken, rights, (path, reading) =>
  send({ event: 'waiting', path, reading }),
);
protect();
let ending = false;

process.stdin.on('data', read);
process.stdin.on('end', () => endAfter(() => decoder.end()));
process.stdin.on('error', broken);
// Nothing reads the output any more. Treat that as the end of the input.
process.stdout.on('error', () => end(1));
// The first signal stops the job. More of them do not interrupt a write.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(0));
// A terminal that closes signals the whole process group. The client knows whether that stops the job (hang-up.ts), and
// a client that ends closes this input.
process.on('SIGHUP', () => undefined);
process.on('uncaughtException', broken);

/** The user's other processes must not take the disks that this one will hold. Without the addon it will hold none. */
function protect(): void {
  let native: NativeAddon;
  try {
    native = load();
  } catch (error) {
    console.error(String(error)); // reported again by each call that needs the addon
    return;
  }
  native.protectProcess();
}

function read(chunk: Buffer): void {
  try {
    for (const value of decoder.push(chunk)) receive(value);
  } catch (error) {
    refuseAll(null, error instanceof Error ? error.message : String(error));
  }
}

function receive(value: unknown): void {
  if (ending) return;
  const request = hostRequest.safeParse(value);
  if (request.success) void answer(request.data);
  else refuseAll(value, z.prettifyError(request.error));
}

/** Answers `request`. Anything thrown but a Refusal is a fault in this program. */
async function answer(request: HostRequest): Promise<void> {
  try {
    send({ id: request.id, ok: true, result: await perform(request) });
  } catch (error) {
    if (error instanceof Refusal) send({ id: request.id, ok: false, errors: [...error.errors] });
    else broken(error);
  }
}

async function perform(request: HostRequest): Promise<unknown> {
  switch (request.method) {
    case 'list':
      return engine.list(request.params);
    case 'bays':
      return engine.bays();
    case 'setBays':
      await engine.setBays(request.params.bays);
      return {};
    case 'describe':
      return describe(request.params.path, request.params.entry);
    case 'usage':
      return engine.usage(request.params.path);
    case 'stopUsage':
      engine.stopUsage();
      return {};
    case 'openImage':
      return showImage(request.params.path, request.params.entry);
    case 'closeImage':
      return closeImage(request.params.folder);
    case 'prepare':
      return engine.prepare(request.params);
    case 'looksBlank':
      return engine.looksBlank();
    case 'start':
      await engine.start();
      return {};
    case 'cancel': {
      const { destination = null } = request.params;
      if (destination === null) await engine.cancel();
      else engine.cancelOne(destination);
      return {};
    }
    case 'pause':
      engine.pause(request.params.destination, request.params.paused);
      return {};
    case 'throttle':
      engine.throttle(request.params.destination, request.params.bytesPerSecond);
      return {};
    case 'retry':
      await engine.retry(request.params.destination);
      return {};
    case 'prepareJoin':
      return engine.prepareJoin(request.params.path);
    case 'join':
      await engine.join();
      return {};
    case 'leaveJoin':
      engine.leaveJoin();
      return {};
    case 'watch':
      engine.watch(request.params);
      return {};
    case 'eject':
      await engine.eject(request.params.path);
      return {};
    case 'jobs':
      return engine.jobs();
    case 'forget':
      return await engine.forget(request.params.job);
    case 'rightsEnded':
      rights.ended(request.params.question, request.params);
      return {};
    case 'saveManifest':
      await engine.saveManifest(request.params.manifest, request.params.path);
      return {};
  }
}

/** The client broke the protocol. Says so, as the answer if there was a request, and ends the host. */
function refuseAll(value: unknown, said: string): void {
  const error: PlatterError = failure({ code: 'BAD_ARGUMENT', op: 'host', reason: { kind: 'notARequest', said } });
  const asked = z.object({ id: z.int().positive() }).safeParse(value);
  send(
    asked.success
      ? { id: asked.data.id, ok: false, errors: [error] }
      : { event: 'error', error: { ...error, side: 'read', destination: null } },
  );
  console.error(error.message);
  end(1);
}

/** Reports that something was given up because it did not answer. */
let gaveUp = false;

function send(message: Exclude<HostMessage, { event: 'hello' }>): void {
  gaveUp ||= hasStalled('ok' in message ? (message.ok ? [] : message.errors) : errorsIn(message));
  process.stdout.write(encodeFrame(message));
}

/** Drops samples while the client is behind, but never errors or results. */
function sendEvent(event: HostEvent): void {
  if (event.event !== 'progress' || process.stdout.writableLength === 0) send(event);
}

/** Drops lists of disks that come while the host ends. */
function sendDisks(event: DisksEvent): void {
  if (!ending) send(event);
}

function broken(error: unknown): void {
  console.error(error);
  end(1);
}

function endAfter(check: () => void): void {
  try {
    check();
  } catch (error) {
    broken(error);
  }
  end(0);
}

/**
 * Stops the job after the I/O in flight, closes the devices, writes the last frames, and exits. Later calls do nothing.
 */
function end(code: number): void {
  if (ending) return;
  ending = true;
  process.stdin.pause();
  engine
    .stop()
    .then(flushOutput)
    .then(
      () => leave(code),
      (error: unknown) => {
        console.error(error);
        leave(1);
      },
    );
}

/**
 * Ends this process. Node waits for its threads, and one that waits for a device or a file system can wait for ever. A
 * signal ends them where the kernel allows that, and with them the claims on all other devices.
 */
function leave(code: number): void {
  if (gaveUp || unanswered() > 0) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

function flushOutput(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, FLUSH_MS);
    process.stdout.write('', () => resolve());
  });
}
