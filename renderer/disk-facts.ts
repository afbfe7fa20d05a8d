// Facts about a disk for the window: its identity, its contents, why it cannot be chosen.
import type { Disk } from '../app/contract/disks.ts';
import type { Content } from '../app/contract/facts.ts';
import type { Endpoint, Plan } from '../app/contract/jobs.ts';
import { givenManifest, writes } from '../app/contract/request-facts.ts';
import { fileSystemName, partitionsOfDisk } from './partition-map.ts';
import { baseName, lastSix, say, sayLock, sayPlace, sayPort, size } from './words.ts';

/** Between facts of one thing. */
const DOT = ' · ';

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

/** "Bay 6 · SanDisk Ultra Fit": where a drive is, and what. */
export const driveTitle = (disk: Disk): string => titled(sayPlace(disk), diskName(disk));

/** The same for the drive of a plan. */
export const endpointTitle = (end: Endpoint): string => titled(sayPlace(end), endpointName(end));

const titled = (place: string, name: string): string => (place === name ? name : `${place} · ${name}`);

/** The name of the source in a plan or a record, or of the manifest in its place. */
export const sourceName = ({
  source,
  request,
}: {
  source: Pick<Endpoint, 'model' | 'path'> | null;
  request: Plan['request'];
}): string => (source === null ? baseName(givenManifest(request) ?? '') : endpointName(source));

/** What a drive is to the hand that holds it. It decides the icon. */
export type DriveKind = 'stick' | 'card' | 'nvme' | 'ssd' | 'hdd' | 'optical' | 'file';

/** Card readers at USB say nothing but their names. */
const CARD_READER = /\b(?:sd|sdxc|mmc|card|crw)\b/iu;

/** The kind of a drive, as far as the system knows it. */
export function driveKind({ kind, path, transport, model, removable, rotational }: Disk): DriveKind {
  if (kind === 'loop') return 'file';
  const name = baseName(path);
  if (/^sr\d/u.test(name)) return 'optical';
  if (transport === 'mmc' || name.startsWith('mmcblk')) return 'card';
  if (transport === 'nvme' || name.startsWith('nvme')) return 'nvme';
  // The kernel calls most sticks rotational, so that flag tells only the disks in enclosures apart.
  if (removable) return CARD_READER.test(model ?? '') ? 'card' : 'stick';
  return rotational ? 'hdd' : 'ssd';
}

/** What tells drives of one model apart: the end of the serial, and the socket where its bay does not say it. */
export const diskFacts = (disk: Disk): string[] => [
  ...(disk.serial === null ? [] : [`…${lastSix(disk.serial)}`]),
  ...(disk.port?.bay ? [] : [baseName(disk.path)]),
  ...connection(disk),
];

/** How a drive is connected, as far as its bay and icon do not say it. */
function connection(disk: Disk): string[] {
  const { port, transport } = disk;
  if (disk.kind === 'loop') return [say('choose.loop')];
  if (port !== null) return port.bay === null ? [sayPort(port)] : [];
  return transport !== null && ['ssd', 'hdd'].includes(driveKind(disk)) ? [transport.toUpperCase()] : [];
}

/** The contents of a disk with neither a file system nor partitions, in words. */
function unpartitionedContents({ partitionTable, signatures }: Disk): string {
  if (signatures === null) return say('choose.unread');
  if (signatures.length > 1) return say('choose.several', { names: signatures.map(fileSystemName).join(', ') });
  if (partitionTable !== null) return say('choose.emptyTable');
  const [name] = signatures;
  return name === undefined ? say('driveList.noData') : say('choose.signature', { name: fileSystemName(name) });
}

/** Most partitions to name in a row. */
const MOST_NAMED = 3;

/** What is on a disk, in a person's words: "FAT · PHOTOS", "3 partitions: …", "No data found". */
export function contents(disk: Disk): string {
  const { fileSystem, partitions } = disk;
  const [first, ...others] = partitions;
  if (fileSystem !== null) return [fileSystemName(fileSystem), ...(disk.label === null ? [] : [disk.label])].join(DOT);
  if (first === undefined) return unpartitionedContents(disk);
  if (others.length === 0 && first.fileSystem !== null)
    return [fileSystemName(first.fileSystem), ...(first.label === null ? [] : [first.label])].join(DOT);
  const names = partitionsOfDisk(disk)
    .slice(0, MOST_NAMED)
    .map(({ name }) => name)
    .join(', ');
  const more = partitions.length - MOST_NAMED;
  return say('driveList.partitions', {
    count: partitions.length,
    names: more > 0 ? say('choose.contentsMore', { names, count: more }) : names,
  });
}

/** What the review found on a drive, in the words of the list: "FAT · PHOTOS · 12 GB". */
export function foundContent(content: Content): string {
  switch (content.kind) {
    case 'fileSystem':
      return [fileSystemName(content.fileSystem), size(content.size)].join(DOT);
    case 'labelled':
      return [fileSystemName(content.fileSystem), content.label, size(content.size)].join(DOT);
    case 'partition':
      return say('review.partition', { size: size(content.size) });
    case 'table':
      return say('choose.emptyTable');
    case 'several':
      return say('choose.several', { names: content.signatures.map(fileSystemName).join(', ') });
    case 'signature':
      return say('choose.signature', { name: fileSystemName(content.signature) });
    case 'unread':
      return say('choose.unread');
  }
}

/** Why a disk cannot be read; null when it can. */
export const sourceLock = (disk: Disk): string | null => (disk.size > 0 ? null : say('choose.noMedium'));

/** The facts about the source that decide which destinations are possible. `bytes`: the least that it needs. */
export type SourceFacts = { disk: Disk } | { image: string; bytes: number | null } | null;

/**
 * Why a disk cannot be a destination of a job of this kind; null when it can. Main's reason comes first. The others
 * depend on the source.
 */
export function destinationLock(disk: Disk, source: SourceFacts, kind: Plan['kind']): string | null {
  if (source !== null && 'disk' in source && source.disk.path === disk.path) return say('choose.isSource');
  // As in the host (engine/admission/refusals.ts): any disk may be read.
  if (disk.locked !== null && writes(kind)) return sayLock(disk);
  if (source === null) return null;
  if ('image' in source && disk.backingFile === source.image) return say('choose.isBehind');
  const missing = ('image' in source ? (source.bytes ?? 0) : source.disk.size) - disk.size;
  return missing > 0 ? say('choose.tooSmall', { size: size(missing) }) : null;
}
