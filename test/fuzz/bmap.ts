// Block maps: a file is refused, or its ranges are ascending, disjoint and within the image. The map's checksum of
// itself is corrected first, so that a fuzzer gets past it.
import { readBmap } from '../../app/parsers/bmap.ts';
import { sealed } from '../app/parsers/bmap-files.ts';
import { must } from './property.ts';

function check(bytes: Buffer): void {
  const answer = readBmap(bytes);
  if (!answer.ok) {
    must(!('line' in answer.why) || answer.why.line >= 1, 'a line');
    return;
  }
  const { imageSize, mapped, ranges, hash } = answer.bmap;
  must(ranges.length > 0 && ranges.length <= bytes.length, 'no more ranges than bytes');
  let end = 0;
  let sum = 0;
  for (const { offset, length, checksum } of ranges) {
    must(Number.isSafeInteger(offset) && offset >= end && length > 0, 'ranges are ascending and disjoint');
    end = offset + length;
    sum += length;
    must(checksum === null || (hash !== null && /^[0-9a-f]+$/.test(checksum)), 'a checksum is of the hash');
  }
  must(end <= imageSize && Number.isSafeInteger(imageSize), 'ranges are inside the image');
  must(sum === mapped, 'what is mapped is the sum of the ranges');
}

export function fuzz(data: Buffer): void {
  check(data);
  check(Buffer.from(sealed(data.toString('latin1')), 'latin1'));
}
