// One run of etcher-sdk in its own process: `node etcher-run.ts TASK`, where TASK is an EtcherTask in JSON. Prints one
// line of JSON with seconds and cpu. Opening and closing are separate, as for our engine.
import { createRequire } from 'node:module';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcherTask } from './etcher.ts';

/** The parts of etcher-sdk that are used here. It is not installed when this file is type-checked. */
interface Destination {
  open(): Promise<void>;
  createWriteStream(...args: unknown[]): Promise<NodeJS.EventEmitter>;
}
interface Drive {
  raw: string;
  device: string;
  devicePath: string;
  size: number;
  blockSize: number;
  isReadOnly: boolean;
  isSystem: boolean;
  mountpoints: never[];
}
interface Sdk {
  multiWrite: {
    pipeSourceToDestinations(options: {
      source: Destination;
      destinations: Destination[];
      verify: boolean;
      onFail: (destination: unknown, error: Error) => void;
      onProgress: () => void;
    }): Promise<{ failures: Map<unknown, Error> }>;
  };
  sourceDestination: {
    File: new (options: { path: string }) => Destination & { getInnerSource(): Promise<Destination> };
    BlockDevice: new (options: { drive: Drive; write: boolean; direct: boolean }) => Destination;
  };
}

async function main({
  folder,
  source,
  destinations,
  bytes,
  verify,
  slow,
}: EtcherTask): Promise<{ seconds: number; cpu: number }> {
  const { multiWrite, sourceDestination } = createRequire(join(folder, 'package.json'))('etcher-sdk') as Sdk;
  const device = (path: string, write: boolean): Destination => {
    const drive = {
      raw: path,
      device: path,
      devicePath: path,
      size: bytes,
      blockSize: 512,
      isReadOnly: false,
      isSystem: false,
      mountpoints: [],
    };
    return new sourceDestination.BlockDevice({ drive, write, direct: true });
  };
  // Like balenaEtcher, take the content of a packed file as the source.
  const from = statSync(source).isFile()
    ? await new sourceDestination.File({ path: source }).getInnerSource()
    : device(source, false);
  const to = destinations.map((path) => device(path, true));
  await Promise.all([from, ...to].map((each) => each.open()));

  const finished: number[] = [];
  for (const [i, destination] of to.entries()) {
    const create = destination.createWriteStream.bind(destination);
    destination.createWriteStream = async (...args) => {
      const stream = await create(...args);
      stream.once('finish', () => (finished[i] = performance.now()));
      return stream;
    };
  }
  const failed: string[] = [];
  const before = process.cpuUsage();
  const start = performance.now();
  const { failures } = await multiWrite.pipeSourceToDestinations({
    source: from,
    destinations: to,
    verify,
    onFail: (_, error) => failed.push(error.message),
    onProgress: () => undefined,
  });
  const end = slow === undefined ? performance.now() : Math.max(...finished.filter((_, i) => i !== slow));
  const { user, system } = process.cpuUsage(before);
  if (failures.size > 0 || failed.length > 0) throw new Error(`etcher-sdk failed: ${failed.join(', ')}`);
  return { seconds: (end - start) / 1000, cpu: (user + system) / 1e6 };
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as EtcherTask))}\n`);
process.exit(0); // etcher-sdk's scanner keeps the event loop alive
