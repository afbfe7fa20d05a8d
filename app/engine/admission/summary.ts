// The summary of a copy that goes to the end of a packed image. Its partitions are read from the image itself, whatever
// the source was: a disk, a packed file, or a rescue with holes.
import type { Inside, Signature } from '../../contract/disk-content.ts';
import type { ImageSummary, SummaryPart, SummaryUse } from '../../contract/image-summary.ts';
import type { PartUse } from '../../contract/jobs.ts';
import { isAnonymous, takesUsed } from '../../contract/request-facts.ts';
import { english } from '../../base/english.ts';
import { errnoOf } from '../../base/errors.ts';
import { thisProgram } from '../../base/program-name.ts';
import { insideOf } from '../../parsers/disk-content.ts';
import { ANONYMOUS } from '../formats/manifest.ts';
import { manifestSource } from './given-files.ts';
import type { NativeDevice } from '../native/addon.ts';
import { parsed } from '../used-blocks/source-bytes.ts';
import type { Prepared } from './prepared.ts';

/** The parts of a job that go into a summary. */
type Summed = Pick<Prepared, 'source' | 'request' | 'grid' | 'plan'>;

const NOTHING: Inside = { table: null, signatures: null };

/** The summary of the copy on `image`. What of it cannot be read is left out. */
export async function summaryOf({ source, request, grid, plan }: Summed, image: NativeDevice): Promise<ImageSummary> {
  const inside = await insideOfImage(image, grid.bytes, source?.end.block?.logicalSector ?? null);
  const anonymous = isAnonymous(request);
  const from = source === null ? null : manifestSource(source.end, request);
  const uses = takesUsed(request) ? (plan.parts ?? []) : null;
  return {
    createdAt: Date.now(),
    program: thisProgram(),
    bytes: grid.bytes,
    anonymous,
    source: {
      path: from === null || from.path === ANONYMOUS ? null : from.path,
      model: from?.model ?? null,
      serial: from?.serial ?? null,
    },
    table: inside.table?.kind ?? null,
    parts: partsOf(inside, grid.bytes).map((part) => ({ ...part, used: useOf(part, uses, anonymous) })),
    used: source?.used?.bytes ?? null,
  };
}

async function insideOfImage(image: NativeDevice, bytes: number, logicalSector: number | null): Promise<Inside> {
  try {
    return await parsed(image, bytes, (pieces) => insideOf(pieces, logicalSector));
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return NOTHING;
  }
}

function partsOf({ table, signatures }: Inside, bytes: number): Omit<SummaryPart, 'used'>[] {
  if (table === null) {
    const isSomething = signatures !== null && signatures.length > 0;
    return isSomething
      ? [{ number: null, offset: 0, length: bytes, type: null, name: null, fileSystems: plain(signatures) }]
      : [];
  }
  return table.partitions.map(({ number, start, size, type, name, signatures: found }) => ({
    number,
    offset: start,
    length: size,
    type,
    name,
    fileSystems: found === null ? null : plain(found),
  }));
}

const plain = (signatures: readonly Signature[]): Signature[] =>
  signatures.map(({ type, version, label, uuid }) => ({ type, version, label, uuid }));

/** How much of a part was copied; null when all bytes were. `uses`: null for a copy of everything. */
function useOf(
  { number }: Pick<SummaryPart, 'number'>,
  uses: readonly PartUse[] | null,
  anonymous: boolean,
): SummaryUse | null {
  const use = uses?.find(({ partition }) => partition === number);
  if (use === undefined) return null;
  const { used, whole, signatures } = use;
  return {
    bytes: used,
    map: whole === null ? (signatures[0] ?? null) : null,
    // The sentence can name folders of this machine.
    whole: whole === null ? null : { kind: whole.kind, said: anonymous ? null : english.reason(whole) },
  };
}
