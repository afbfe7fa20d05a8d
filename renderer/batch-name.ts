// The name of the next batch of the same job. Pure.
import { MAX_NAME } from '../app/contract/limits.ts';

/** A name that was counted up before: "Room 12 (2)". */
const COUNTED = /^(?<name>.*\S)\s*\((?<number>[1-9]\d{0,5})\)$/u;

/**
 * "Room 12" becomes "Room 12 (2)", and that "Room 12 (3)": a number without brackets belongs to the name. null, when
 * the batch has no name, stays null. A long name is cut, so that its number fits.
 */
export function nextName(name: string | null): string | null {
  if (name === null) return null;
  const { name: base = name, number = '1' } = COUNTED.exec(name)?.groups ?? {};
  const end = ` (${Number(number) + 1})`;
  let cut = '';
  // By characters, so that none is halved.
  for (const character of base.trimEnd()) if (cut.length + character.length + end.length <= MAX_NAME) cut += character;
  return cut.trimEnd() + end;
}
