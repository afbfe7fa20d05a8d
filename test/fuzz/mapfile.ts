// The mapfile: a text is refused with a MapfileError, or written as it was read. A changed map keeps the status of
// every sector.
import {
  bytesOf,
  formatMapfile,
  MapfileError,
  newMap,
  parseMapfile,
  setRange,
  type RangeStatus,
} from '../../app/engine/formats/mapfile.ts';
import { allowing, Dice, must } from './property.ts';

const STATUSES: readonly RangeStatus[] = ['?', '*', '/', '-', '+'];

function checkText(text: string): void {
  const map = allowing(MapfileError, () => parseMapfile(text));
  if (map === null) return;
  must(map.extents.length <= text.length, 'it is no larger than its text');
  const written = formatMapfile(map);
  const again = parseMapfile(written);
  must(JSON.stringify(again) === JSON.stringify(map), 'what is encoded is decoded');
  must(formatMapfile(again) === written, 'a map has one spelling');
}

function checkChanges(dice: Dice): void {
  const from = dice.below(8);
  const map = { ...newMap(0), extents: [{ offset: from, length: 4, status: '+' as RangeStatus }] };
  const bytes = new Map<number, RangeStatus>([0, 1, 2, 3].map((index) => [from + index, '+']));
  for (let change = 0; change < 40 && !dice.isEmpty; change += 1) {
    const [position, size, status] = [dice.below(64), dice.below(16), STATUSES[dice.below(5)]!];
    setRange(map, position, size, status);
    for (let byte = position; byte < position + size; byte += 1) bytes.set(byte, status);
  }
  const all = [...bytes.keys()];
  const [first, last] = [Math.min(...all), Math.max(...all)];
  for (const status of STATUSES) {
    let expected = 0;
    for (let byte = first; byte <= last; byte += 1) if ((bytes.get(byte) ?? '?') === status) expected += 1;
    must(bytesOf(map, status) === expected, `bytes of ${status}`);
  }
  must(JSON.stringify(parseMapfile(formatMapfile(map))) === JSON.stringify(map), 'a changed map is written and read');
}

export function fuzz(data: Buffer): void {
  checkText(data.toString('latin1'));
  checkChanges(new Dice(data));
}
