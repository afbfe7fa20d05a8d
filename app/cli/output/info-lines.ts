// `platter info` for people.
import {
  SPARSE,
  writtenFormat,
  type Described,
  type GptTable,
  type ExaminedPartition,
  type MbrTable,
  type PartitionFault,
  type Signature,
} from '../../contract/disk-content.ts';
import { partsOf } from '../../contract/request-facts.ts';
import { english } from '../../base/english.ts';
import { counted, number, size } from '../../base/figures.ts';
import { usageFacts, type FoundUsage } from './usage-lines.ts';
import { alignRight, columns, fit, printable, type Paint } from './text.ts';

/** Width of the label before each fact. */
const NAME = 11;
/** Most entries of an archive to list. */
const MOST_ENTRIES = 16;

/** The facts about a file at a URL. */
export interface RemoteFacts {
  /** Its name, by the URL. */
  name: string;
  /** Does the server give parts of it? 'unpinned': it does, without a mark of their version. */
  ranges: 'yes' | 'no' | 'unpinned';
  /** Bytes. */
  fetched: number;
  /** All that the description needs could be fetched. */
  complete: boolean;
}

/**
 * All facts as lines. `remote`: those about a file at a URL; null for a file or disk of this machine. `usage`: null when
 * it is not asked for.
 */
export function infoLines(
  path: string,
  found: Described,
  paint: Paint,
  remote: RemoteFacts | null = null,
  usage: FoundUsage | null = null,
): string[] {
  const facts: [string, string][] = [
    ...(remote === null ? [] : ([['Name', remote.name]] as [string, string][])),
    ...formatFacts(found),
    ...sizeFacts(found, remote !== null),
    ...missingFacts(found),
    ...(remote === null ? [] : serverFacts(remote)),
    ...snapshotFacts(found),
    ...decodingFacts(found),
    ...checksumFacts(found),
    ...bmapFacts(found),
    ...copyFacts(found),
    ...tableFacts(found),
    ...topLevelFacts(found),
    ...(usage === null ? [] : usageFacts(usage)),
  ];
  return [
    paint('strong', printable(path)),
    ...facts.map(([name, text]) => `  ${fit(name, NAME)}${printable(text)}`),
    ...entryLines(found),
    ...partitionLines(found, paint),
  ];
}

const SPARSE_IMAGE = 'Android sparse image';

/** "1.3 GB (1,288,490,188 bytes)" */
const exactly = (bytes: number): string => (bytes < 1000 ? size(bytes) : `${size(bytes)} (${counted(bytes, 'byte')})`);

function formatFacts({ kind, packed, content, table, bytes }: Described): [string, string][] {
  if (kind === 'disk') return [];
  const chain: string[] = [];
  if (packed !== null) {
    const blocks = packed.blocks === null || packed.blocks < 2 ? '' : `, ${number(packed.blocks)} blocks`;
    const name = packed.format === SPARSE ? SPARSE_IMAGE : writtenFormat(packed.format);
    chain.push(`${name}${packed.entry === null ? '' : ` ("${packed.entry}")`}${blocks}`);
    if (packed.sparse && packed.format !== SPARSE) chain.push(SPARSE_IMAGE);
  }
  switch (content?.kind) {
    case 'image': {
      const what = table === null ? 'image' : 'disk image';
      chain.push(
        `${what}, ${content.format}${content.trailer === null ? '' : `, with the trailer of a ${content.trailer}`}`,
      );
      break;
    }
    case 'unknown':
      chain.push(bytes === 0 ? 'an empty file' : 'nothing that Platter recognises');
      break;
    case 'packed':
    case 'other':
      chain.push(`${english.file(content.file)}${content.sure ? '' : ', or so it seems'}`);
      break;
    case undefined:
      break;
  }
  return chain.length === 0 ? [] : [['Format', chain.join(' -> ')]];
}

/** Formats that do not keep the size of what is in them. */
const SIZELESS: ReadonlySet<string> = new Set(['gzip', 'bzip2']);

function sizeFacts({ kind, packed, bytes, size: image, sizeIs }: Described, isRemote: boolean): [string, string][] {
  const own: [string, string] = [packed === null ? 'Size' : 'Packed', exactly(bytes)];
  if (packed === null) return kind === 'disk' && bytes === 0 ? [['Size', 'none: there is no medium']] : [own];
  if (packed.entry === null && packed.entries !== null && packed.entries.length > 1)
    return [own, ['Unpacked', `${counted(packed.entries.length, 'file')}, listed below; --entry NAME describes one`]];
  const unpacked = {
    exact: () => exactly(image ?? 0),
    // Only a part of a remote file may have been read, so that the table is not the only thing to tell this.
    atLeast: () => `at least ${exactly(image ?? 0)}${isRemote ? '' : ', where its partition table ends'}`,
    unknown: () =>
      isRemote && !SIZELESS.has(packed.format)
        ? 'not known from what was fetched'
        : 'not known before it is unpacked: the format does not keep it',
  }[sizeIs]();
  return [own, ['Unpacked', unpacked]];
}

/** How many bytes the partitions of a table reach beyond the end; 0 when they do not, or when that is not known. */
export function missingBytes({ table, size: bytes, sizeIs }: Pick<Described, 'table' | 'size' | 'sizeIs'>): number {
  if (table === null || bytes === null || sizeIs !== 'exact') return 0;
  // Logical partitions lie in an extended one.
  const outer = table.partitions.filter(({ place }) => place !== 'logical');
  const isSure =
    table.kind === 'gpt'
      ? table.header === 'right' && table.entries === 'right'
      : table.sectorKnown &&
        outer.every(({ start, size: length, type }) => start > 0 && length > 0 && type !== PROTECTIVE);
  return isSure ? Math.max(0, ...outer.map(({ start, size: length }) => start + length - bytes)) : 0;
}

/** "22,020,096 bytes at the end, where its partitions reach to 63,963,136 bytes: it is cut short" */
export const missingWords = (missing: number, bytes: number): string =>
  `${counted(missing, 'byte')} at the end: its partitions reach to ${counted(bytes + missing, 'byte')}, so it is probably cut short`;

function missingFacts(found: Described): [string, string][] {
  const missing = missingBytes(found);
  return missing === 0 ? [] : [['Missing', missingWords(missing, found.size!)]];
}

function serverFacts({ ranges, fetched, complete }: RemoteFacts): [string, string][] {
  const got = size(fetched);
  const first = `only the first ${got} were looked at`;
  const said = {
    no: `does not give parts of the file${complete ? '' : `, so ${first}`}`,
    unpinned: `gives parts of the file, but does not mark their version${complete ? '' : `, so ${first}`}`,
    yes: `gives parts of the file; ${got} were fetched${complete ? '' : ', and more would have told more'}`,
  }[ranges];
  return [['Server', said]];
}

function snapshotFacts({ packed }: Described): [string, string][] {
  const count = packed?.snapshots ?? 0;
  return count === 0 ? [] : [['Snapshots', `${number(count)}, which are not copied: the current state is`]];
}

function decodingFacts({ packed }: Described): [string, string][] {
  if (typeof packed?.threads !== 'number') return [];
  const memory = packed.memory === null ? '' : `, ${size(packed.memory)} of memory`;
  const middle = packed.seekable === true ? 'can begin in the middle' : 'has to begin at the start';
  return [['Unpacking', `${counted(packed.threads, 'thread')}${memory}; ${middle}`]];
}

function checksumFacts({ checksum, unclear }: Described): [string, string][] {
  const facts: [string, string][] = unclear.map(({ list, reason }) => [
    'Checksum',
    `The checksum list ${list} cannot be used. ${english.reason(reason)}`,
  ]);
  if (checksum !== null) {
    const { list, of } = checksum;
    const whose = of === 'file' ? 'this file' : 'the image in it';
    facts.unshift(['Checksum', `${list} has the ${partsOf(checksum.checksum).hash} of ${whose}; not compared here`]);
  }
  return facts;
}

function bmapFacts({ bmap }: Described): [string, string][] {
  if (bmap === null) return [];
  if (bmap.reason !== null) return [['Bmap', `The bmap ${bmap.name} cannot be used. ${english.reason(bmap.reason)}`]];
  const { name, version, mapped, imageSize, hash } = bmap;
  const checksums = hash === null ? 'without checksums' : `with checksums (${hash}), not compared here`;
  return [['Bmap', `${name}, version ${version}, maps ${size(mapped)} of ${size(imageSize)} ${checksums}`]];
}

/** The lines on the copy that a packed image describes. */
function copyFacts({ copied, copiedOther }: Described): [string, string][] {
  if (copiedOther)
    return [['Copied', 'The image contradicts what it says of its copy, which is therefore not trusted']];
  if (copied === null) return [];
  const { createdAt, program, anonymous, source, used, bytes, parts } = copied;
  const { model, serial, path } = source;
  const drive = [model, serial === null ? null : `serial ${serial}`, path].filter((part) => part !== null).join(', ');
  const from = anonymous ? 'a source that it does not name' : drive;
  const facts: [string, string][] = [
    ['Copied', `${english.time(createdAt)} by ${program}`],
    ['From', from],
  ];
  if (used === null) return facts;
  const whole = parts.flatMap(({ number: index, used: use }) =>
    use?.whole ? [`${index === null ? 'all' : `partition ${String(index)}`} as a whole`] : [],
  );
  return [...facts, ['Used', [`${size(used)} of ${size(bytes)} were in use and copied`, ...whole].join('; ')]];
}

/** The word for the disk or image whose offsets are shown. */
const wholeOf = (kind: Described['kind']): string => (kind === 'disk' ? 'disk' : 'image');

function tableFacts({ table, kind, size: bytes }: Described): [string, string][] {
  if (table === null) return [];
  const it = wholeOf(kind);
  const facts = table.kind === 'gpt' ? gptFacts(table, it, bytes) : mbrFacts(table, it);
  return facts.map((text, index) => [index === 0 ? 'Table' : '', text]);
}

function gptFacts(table: GptTable, it: string, bytes: number | null): string[] {
  const { header, entries, from, backup, backupAt, backupAtEnd, mbr } = table;
  const facts = [`GPT, sectors of ${table.sector} bytes, disk GUID ${table.id}`];
  const damaged = header === 'wrong' ? 'its header' : 'its entries';
  if (header === 'missing') facts.push('The table at the start is missing; this is its backup.');
  else if (header === 'wrong' || entries === 'wrong')
    facts.push(`The checksum of ${damaged} is wrong${from === 'backup' ? '; this is its backup' : ''}.`);
  if (backup === 'wrong') facts.push('The checksum of its backup is wrong.');
  if (bytes !== null && backupAt + table.sector > bytes)
    facts.push(`Its backup table would be beyond the end of this ${it}: it is cut short.`);
  else if (backup === 'missing') facts.push(`It has no backup table where that should be, at ${exactly(backupAt)}.`);
  else if (backupAtEnd === false) facts.push(`Its backup table is not at the end of this ${it}.`);
  if (mbr === 'missing') facts.push('No MBR protects it, so that many systems ignore it.');
  if (mbr === 'hybrid') {
    const also = table.hybrid.map(({ number: index, type, typeName }) => `${index} ${typeName ?? type}`);
    facts.push(`The MBR before it has partitions too (a hybrid): ${also.join(', ')}.`);
  }
  if (backup === 'unread') facts.push('Its backup table was not looked at.');
  return facts;
}

function mbrFacts({ sector, sectorKnown, id, chain, gptToo, partitions }: MbrTable, it: string): string[] {
  const facts = [
    `MBR, sectors of ${sector} bytes${sectorKnown ? '' : ' as it seems'}, ` +
      (id === null ? 'no disk signature' : `disk signature ${id}`),
  ];
  if (partitions.some(({ type }) => type === PROTECTIVE))
    facts.push(`It protects a GPT that this ${it} does not have.`);
  if (chain === 'broken') facts.push('The chain of its logical partitions is damaged.');
  if (chain === 'unread') facts.push('Not all of its logical partitions could be looked at.');
  if (gptToo) facts.push('A GPT is there too, which systems ignore.');
  return facts;
}

const PROTECTIVE = '0xee';

/** The signatures at the first byte of the disk or image. */
function topLevelFacts({ table, signatures, kind, content }: Described): [string, string][] {
  if (signatures === null) return [];
  if (signatures.length > 0) {
    const facts: [string, string][] = [[table === null ? 'On it' : 'As a whole', allNamed(signatures)]];
    const uuids = signatures.flatMap(({ uuid }) => uuid ?? []);
    return uuids.length === 0 ? facts : [...facts, ['UUID', uuids.join(', ')]];
  }
  const isNothing = table === null && (kind === 'disk' || content?.kind === 'image');
  return isNothing ? [['On it', 'no partition table, and no file system that Platter knows']] : [];
}

/** "ext4 "root"", with any other signatures after it. */
function allNamed([first, ...others]: readonly Signature[]): string {
  if (first === undefined) return '';
  return others.length === 0 ? named(first) : `${named(first)}; also looks like ${others.map(named).join(', ')}`;
}

const named = ({ type, version, label }: Signature): string =>
  [type, version === null ? null : type === 'vfat' ? `(${version})` : version, label === null ? null : `"${label}"`]
    .filter((part) => part !== null)
    .join(' ');

function entryLines({ packed }: Described): string[] {
  const entries = packed?.entries ?? [];
  if (entries.length < 2) return [];
  const shown = entries.slice(0, MOST_ENTRIES);
  const width = Math.max(...shown.map(({ size: bytes }) => columns(size(bytes))));
  const more = entries.length - shown.length;
  return [
    '',
    ...shown.map(
      ({ name, size: bytes, encrypted }) =>
        `  ${alignRight(size(bytes), width)}  ${printable(name)}${encrypted ? ' (encrypted)' : ''}`,
    ),
    ...(more > 0 ? [`  and ${counted(more, 'other file')}`] : []),
  ];
}

const HEADINGS = ['NR', 'FIRST SECTOR', 'SIZE', 'TYPE', 'NAME', 'ON IT'];
/** Columns of numbers. */
const RIGHT: ReadonlySet<number> = new Set([0, 1, 2]);
const NAME_COLUMN = 4;

const FAULTS: Readonly<Record<PartitionFault, (it: string) => string>> = {
  beyondEnd: (it) => `ends beyond the end of this ${it}`,
  backwards: () => 'ends before it begins',
  overlaps: () => 'overlaps another',
};

function partitionLines({ table, kind }: Described, paint: Paint): string[] {
  if (table === null || table.partitions.length === 0) return [];
  // Sectors of another size: show those of the table, as partitioning tools do.
  const rows = table.partitions.map((one) => row(one, table.sector));
  const isNamed = table.partitions.some(({ name }) => name !== null);
  const kept = (cells: readonly string[]): string[] => cells.filter((_, index) => isNamed || index !== NAME_COLUMN);
  const widths = HEADINGS.map((heading, index) =>
    Math.max(...[heading, ...rows.map((cells) => cells[index]!)].map(columns)),
  );
  const line = (cells: readonly string[]): string =>
    kept(cells.map((cell, index) => (RIGHT.has(index) ? alignRight(cell, widths[index]!) : fit(cell, widths[index]!))))
      .join('  ')
      .trimEnd();
  const indent = ' '.repeat(2 + widths[0]! + 2);
  return [
    '',
    paint('faint', `  ${line(HEADINGS)}`),
    ...table.partitions.flatMap((one, index) => [
      `  ${line(rows[index]!)}`,
      ...one.faults.map((fault) => paint('bad', `${indent}${FAULTS[fault](wholeOf(kind))}`)),
      ...uuidsOf(one).map((text) => paint('faint', indent + text)),
    ]),
  ];
}

const row = (one: ExaminedPartition, sector: number): string[] =>
  [
    String(one.number),
    number(Math.floor(one.start / sector)),
    size(one.size),
    `${one.typeName ?? one.type}${one.active ? ', active' : ''}`,
    one.name ?? '',
    one.place === 'extended' ? '' : contentsOf(one),
  ].map(printable);

const contentsOf = ({ signatures }: ExaminedPartition): string =>
  signatures === null ? 'not looked at' : signatures.length === 0 ? 'nothing recognised' : allNamed(signatures);

function uuidsOf({ uuid, signatures }: ExaminedPartition): string[] {
  const own = (signatures ?? []).flatMap((one) => (one.uuid === null ? [] : `UUID ${one.uuid}`));
  const all = [...own, ...(uuid === null ? [] : [`PARTUUID ${uuid}`])];
  return all.length === 0 ? [] : [printable(all.join('  '))];
}
