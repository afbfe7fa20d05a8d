// Facts about a disk for the window: its identity, its contents, why it cannot be chosen.
import type { Disk } from '../app/contract/disks.ts';
import type { Endpoint, Plan } from '../app/contract/jobs.ts';
import { givenManifest, writes } from '../app/contract/request-facts.ts';
import { baseName, lastSix, say, sayLock, sayPlace, sayPort, size } from './words.ts';

/** Equal for the same disk only: another drive under the same path has another identity. */
export const identity = (disk: Disk): string =>
  JSON.stringify([disk.path, disk.majorMinor, disk.size, disk.serial, disk.model, disk.backingFile]);

/** The name to show: the model, or the file behind a loop device, or its kernel name. */
export function diskName(disk: Disk): string {
  if (disk.model !== null) return disk.model;
  return disk.backingFile === null ? baseName(disk.path) : baseName(disk.backingFile);
}

/** The name of one end of a job, as in the list. The model of a loop device is the path of the file behind it. */
export function endpointName({ model, path }: Pick<Endpoint, 'model' | 'path'>): string {
  if (model === null) return baseName(path);
  return model.startsWith('/') ? baseName(model) : model;
}

/** The name of the source in a plan or a record, or of the manifest in its place. */
export const sourceName = ({
  source,
  request,
}: {
  source: Pick<Endpoint, 'model' | 'path'> | null;
  request: Plan['request'];
}): string => (source === null ? baseName(givenManifest(request) ?? '') : endpointName(source));

/**
 * The short facts under the name: "Bay 6", or "sdb" and "USB bus 1, hub 2, port 3" ("USB" when unknown), and the serial
 * "…A1B2C3".
 */
export const diskFacts = (disk: Disk): string[] => [
  sayPlace(disk),
  ...connection(disk),
  ...(disk.serial === null ? [] : [`…${lastSix(disk.serial)}`]),
];

/** How a drive is connected, as far as its bay does not say it. */
function connection({ kind, port, transport }: Disk): string[] {
  if (kind === 'loop') return [say('choose.loop')];
  if (port !== null) return port.bay === null ? [sayPort(port)] : [];
  return transport === null ? [] : [transport.toUpperCase()];
}

const named = (fileSystem: string, label: string | null): string =>
  label === null ? fileSystem : say('choose.labelled', { fileSystem, label });

/** The contents of a disk with neither a file system nor partitions, in words. */
function unpartitionedContents({ partitionTable, signatures }: Disk): string[] {
  if (signatures === null) return [say('choose.unread')];
  if (signatures.length > 1) return [say('choose.several', { names: signatures.join(', ') })];
  return partitionTable === null
    ? signatures.map((name) => say('choose.signature', { name }))
    : [say('choose.emptyTable')];
}

/** Its contents in words; empty when nothing was recognised. */
export function contents(disk: Disk): string {
  const table = disk.partitionTable !== null && disk.partitions.length === 0 ? [say('choose.emptyTable')] : [];
  const whole =
    disk.fileSystem !== null
      ? [named(disk.fileSystem, disk.label), ...table]
      : disk.partitions.length === 0
        ? unpartitionedContents(disk)
        : [];
  const parts = disk.partitions.map((part) => named(part.fileSystem ?? say('choose.unformatted'), part.label));
  const found = [...whole, ...parts];
  return found.length > 4
    ? say('choose.contentsMore', { names: found.slice(0, 3).join(', '), count: found.length - 3 })
    : found.join(', ');
}

/** Why a disk cannot be read; null when it can. */
export const sourceLock = (disk: Disk): string | null => (disk.size > 0 ? null : say('choose.noMedium'));

/** The facts about the source that decide which destinations are possible. */
export type SourceFacts = { disk: Disk } | { image: string } | null;

/**
 * Why a disk cannot be a destination of a job of this kind; null when it can. Main's reason comes first. The others
 * depend on the source.
 */
export function destinationLock(disk: Disk, source: SourceFacts, kind: Plan['kind']): string | null {
  if (source !== null && 'disk' in source && source.disk.path === disk.path) return say('choose.isSource');
  // As in the host (engine/admission/refusals.ts): any disk may be read.
  if (disk.locked !== null && writes(kind)) return sayLock(disk);
  if (source === null) return null;
  if ('image' in source) return disk.backingFile === source.image ? say('choose.isBehind') : null;
  const missing = source.disk.size - disk.size;
  return missing > 0 ? say('choose.tooSmall', { size: size(missing) }) : null;
}
