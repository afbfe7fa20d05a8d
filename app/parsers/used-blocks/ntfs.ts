// NTFS: what ntfsinfo prints, the journal ($LogFile) and the head of the file of a hibernated Windows.
import { numberIn, type LineReader, type Unrest } from './used-map.ts';

/** Bytes at the beginning of $LogFile: its two restart pages, of 4 KiB as ever. */
export const LOG_BYTES = 8192;
const PAGE = 4096;
/** The flags of $Volume that ask for work: dirty, resize the log, upgrade, delete the journal, repair, under chkdsk. */
const AT_WORK = 0x0001 | 0x0002 | 0x0004 | 0x0010 | 0x0020 | 0x4000;
/** A restart area (the kernel's fs/ntfs3/fslog.c): its place, its list of clients, its flags. */
const RESTART = { areaAt: 24, inUse: 12, flags: 14, isClean: 0x0002, noClient: 0xffff } as const;

/** The figures of an NTFS that count. */
export interface NtfsFacts {
  cluster: number;
  clusters: number;
  free: number;
  isDirty: boolean;
}

/** Reads what `ntfsinfo -m` prints. */
export class NtfsInfoReader implements LineReader {
  readonly #fields = new Map<string, string>();

  line(text: string): void {
    const [, name, value] = /^\t([A-Z][A-Za-z ]+): (\S+)/u.exec(text) ?? [];
    if (name !== undefined && !this.#fields.has(name)) this.#fields.set(name, value!);
  }

  /** null when a figure is missing or impossible. */
  get answer(): NtfsFacts | null {
    const figure = (name: string): number | null => numberIn(this.#fields.get(name));
    const [cluster, clusters] = [figure('Cluster Size'), figure('Volume Size in Clusters')];
    const [free, flags] = [figure('Free Clusters'), this.#fields.get('Volume Flags')];
    if (cluster === null || clusters === null || free === null || clusters === 0) return null;
    if (flags === undefined || !/^0x[0-9a-f]{4}$/u.test(flags) || cluster < 256) return null;
    return { cluster, clusters, free, isDirty: (Number(flags) & AT_WORK) !== 0 };
  }
}

/** Why the journal forbids a map: its first LOG_BYTES show that Windows did not end its work. null for a clean one. */
export function ntfsLogUnrest(log: Buffer): Unrest | null {
  if (log.length < LOG_BYTES) return 'journal';
  // ntfs-3g, chkdsk and mkntfs leave it empty.
  if (log.every((byte) => byte === 0xff)) return null;
  return [0, PAGE].every((at) => isClean(log.subarray(at, at + PAGE))) ? null : 'journal';
}

function isClean(page: Buffer): boolean {
  if (page.toString('latin1', 0, 4) !== 'RSTR') return false;
  const area = page.readUInt16LE(RESTART.areaAt);
  if (area < 30 || area + RESTART.flags + 2 > PAGE) return false;
  return (
    page.readUInt16LE(area + RESTART.inUse) === RESTART.noClient ||
    (page.readUInt16LE(area + RESTART.flags) & RESTART.isClean) !== 0
  );
}

/** True for the beginning of a hiberfil.sys that Windows wakes up from. */
export const isHibernated = (head: Buffer): boolean => /^hibr$/iu.test(head.toString('latin1', 0, 4));
