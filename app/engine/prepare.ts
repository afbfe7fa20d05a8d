// Makes a checked request of a request: every device found, guarded, opened and held. Writes nothing.
import { open } from 'node:fs/promises';
import { SECTOR_SIZE, type CopyRequest, type Plan, type PlatterError } from '../contract.ts';
import type { Blocks } from './blocks.ts';
import { errnoOf, failure, failureOf, Refusal } from './errors.ts';
import { argumentErrors, memoryOf, notesOnSource, refusals } from './guard.ts';
import { checkPart } from './images.ts';
import { endpoint, inspectDestination, inspectExisting, type End } from './inspect.ts';
import { readBlocks } from './machine.ts';
import type { NativeAddon, NativeClient, NativeDevice, NativeOpenOptions } from './native.ts';

const PAGE = 4096;

/** A destination and its open device. An image has none yet: its file is made when the job starts. */
export interface Held {
  end: End;
  device: NativeDevice | null;
}

/** What `prepare` holds until the job ends or is given up. */
export interface Prepared {
  plan: Plan;
  source: NativeDevice;
  /** In the order of the plan. */
  destinations: Held[];
  client: NativeClient;
  addon: NativeAddon;
}

/** Checks `request` and opens its devices. Rejects with a Refusal that has every reason against it. `load` gives the addon. */
export async function prepare(request: CopyRequest, load: () => NativeAddon): Promise<Prepared> {
  throwIfAny(argumentErrors(request));
  const blocks = await readBlocks();
  const { kind } = request;
  const [source, ...destinations] = await Promise.all([
    inspectExisting(request.source!, blocks),
    ...request.destinations.map((path) => (kind === 'copy' ? inspectDestination : inspectExisting)(path, blocks)),
  ]);
  throwIfAny(refusals(kind, source, destinations, blocks));
  const ends = destinations.flatMap(({ end }) => end ?? []);
  return hold(request, source.end!, ends, blocks, load());
}

/** Lets everything go that was held. */
export async function release({ client, source, destinations }: Prepared): Promise<void> {
  await client.destroy();
  for (const device of [source, ...destinations.map((destination) => destination.device)]) device?.close();
}

async function hold(request: CopyRequest, source: End, ends: readonly End[], blocks: Blocks, addon: NativeAddon): Promise<Prepared> {
  const errors: PlatterError[] = [];
  const opened: NativeDevice[] = [];
  const holding = (end: End, options: NativeOpenOptions): Held => {
    try {
      if (end.image !== null) {
        checkPart(addon, end.image.part);
        return { end, device: null };
      }
      const device = addon.openDevice(end.realPath, options);
      opened.push(device);
      errors.push(...changes(end, device));
      return { end, device };
    } catch (error) {
      errors.push(failureOf(error, 'open', end.path, end.kind));
      return { end, device: null };
    }
  };
  try {
    const { device } = holding(source, {});
    if (device !== null) errors.push(...(await unreadable(source)));
    const destinations = ends.map((end) => holding(end, request.kind === 'copy' ? { write: true, exclusive: true } : {}));
    throwIfAny(errors);
    const client = createClient(request, addon);
    const notes = [...notesOnSource(source, blocks), ...notesOnCache([{ end: source, device }, ...destinations])];
    return { plan: planOf(request, source, ends, client, notes), source: device!, destinations, client, addon };
  } catch (error) {
    for (const device of opened) device.close();
    throw error;
  }
}

function createClient(request: CopyRequest, addon: NativeAddon): NativeClient {
  try {
    return addon.createClient({ pages: memoryOf(request) / PAGE, io: request.io });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const what = errno === 'ENOMEM' ? 'its memory' : request.io === 'auto' ? 'a way to the devices' : `the I/O backend "${request.io}"`;
    throw new Refusal([failure({ code: 'ENGINE_UNAVAILABLE', op: 'open', errno, message: `The engine cannot have ${what} here: the system reported ${errno}.` })]);
  }
}

/** The open device against what was looked at: a node can be another disk a moment later. */
function changes(end: End, device: NativeDevice): PlatterError[] {
  const { kind, major, minor, inode, size } = device.info();
  const id = kind === 'block' ? `block:${major}:${minor}` : `file:${major}:${minor}:${inode}`;
  if (end.id === id && end.kind === kind && end.size === size) return [];
  return [failure({ code: 'CHANGED', op: 'check', device: end.path, message: 'It is not what it was a moment ago: its identity or size has changed.' })];
}

/** Whether the first sector can be read: a drive that cannot even do that should not cost a destination its data. */
async function unreadable({ path, realPath, size }: End): Promise<PlatterError[]> {
  const length = Math.min(SECTOR_SIZE, size);
  const refused = (message: string, errno: string | null): PlatterError[] =>
    [failure({ code: 'SOURCE_UNREADABLE', op: 'read', device: path, offset: 0, length, errno, message })];
  try {
    const bytesRead = await readStart(realPath, length);
    return bytesRead > 0 ? [] : refused('Its first sector cannot be read: the drive is gone.', null);
  } catch (error) {
    const known = failureOf(error, 'read', path, 'block');
    return refused(`Its first sector cannot be read. ${known.message}`, known.errno);
  }
}

async function readStart(path: string, length: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await file.read(Buffer.alloc(length), 0, length, 0)).bytesRead;
  } finally {
    await file.close();
  }
}

function planOf(request: CopyRequest, source: End, ends: readonly End[], client: NativeClient, notes: string[]): Plan {
  const bytes = source.size;
  return {
    kind: request.kind,
    source: endpoint(source, bytes, false),
    destinations: ends.map((end) => endpoint(end, bytes, request.kind === 'copy')),
    bytes,
    verify: request.verify || request.kind === 'verify',
    io: client.io,
    memory: client.memory,
    notes,
    job: null,
    request,
  };
}

/** For an image this is known only when it is made; then nothing is said. */
function notesOnCache(held: readonly Held[]): string[] {
  const cached = held.filter(({ device }) => device?.info().direct === false);
  return cached.map(({ end }) => `${end.path} takes no direct I/O: it goes through the cache, which is dropped before anything is read back.`);
}

function throwIfAny(errors: readonly PlatterError[]): void {
  if (errors.length > 0) throw new Refusal(errors);
}
