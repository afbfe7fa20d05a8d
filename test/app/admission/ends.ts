// The ends of a job as input for refusals.ts, and its refusals. Nothing is opened.
import type { Blocks } from '../../../app/engine/devices/block-devices.ts';
import { UNLIMITED } from '../../../app/engine/devices/file-limits.ts';
import { refusals } from '../../../app/engine/admission/refusals.ts';
import type { End, ImagePlace } from '../../../app/engine/devices/ends.ts';
import { GB } from '../devices/machines.ts';
import type { JobKind } from '../../../app/contract/request.ts';

/** The block device at `path` as source or destination. */
export function device(blocks: Blocks, path: string, givenAs = path): End {
  const block = blocks.all.find((one) => one.path === path)!;
  return {
    path: givenAs,
    realPath: path,
    id: `block:${block.majorMinor}`,
    kind: 'block',
    size: block.size,
    allocated: block.size,
    modified: null,
    changed: null,
    born: null,
    lasting: true,
    block,
    hasOtherNames: false,
    image: null,
    packed: null,
  };
}

export const source = (size: number, id = 'file:8:1:1', realPath = '/images/disk.img'): End => ({
  path: realPath,
  realPath,
  id,
  kind: 'file',
  size,
  allocated: size,
  modified: 0,
  changed: 0n,
  born: null,
  lasting: true,
  block: null,
  hasOtherNames: false,
  image: null,
  packed: null,
});

export const place = (given: Partial<ImagePlace> = {}): ImagePlace => ({
  part: '/images/copy.img.part',
  partId: null,
  partBorn: null,
  partInTheWay: false,
  packing: null,
  split: null,
  among: null,
  fileSystem: '8:1',
  free: 100 * GB,
  limits: UNLIMITED,
  ...given,
});

export const image = (given: Partial<End> = {}): End => ({
  path: '/images/copy.img',
  realPath: '/images/copy.img',
  id: null,
  kind: 'file',
  size: 0,
  allocated: 0,
  modified: null,
  changed: null,
  born: null,
  lasting: true,
  block: null,
  hasOtherNames: false,
  image: place(),
  packed: null,
  ...given,
});

export function codes(blocks: Blocks, from: End, to: End[], kind: JobKind = 'copy'): string[] {
  return refusals(
    { kind, update: false, unmount: false, bytes: null, data: null },
    { end: from },
    to.map((end) => ({ end })),
    blocks,
  ).map(({ code, device }) => `${device ?? ''} ${code}`);
}
