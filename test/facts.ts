// A sample of each kind of fact, with all its values.
import { FACTS, type Fact, type FactValues, type Part, type Spec } from '../app/contract/facts.ts';

const VALUES: FactValues = {
  text: '/x/1',
  list: ['/x/1', '/x/2'],
  count: 3,
  bytes: 4096,
  size: 64e9,
  time: 1_764_000_000_000,
  place: { offset: 12_400_000_000, length: 4096 },
  drive: { model: 'SanDisk Ultra', serial: null, size: 64e9 },
  reason: { kind: 'accessRefused' },
  clause: { kind: 'failed', what: 'write', cause: { kind: 'errno', errno: 'EIO' } },
  cause: { kind: 'medium' },
  end: { kind: 'early' },
  file: { kind: 'packed', format: 'xz' },
};

/** One sample of each kind in a table; for a kind with choices, one for each choice. */
export function samples<P extends Part>(part: P): Fact<P>[] {
  return Object.entries(FACTS[part] as Readonly<Record<string, Readonly<Record<string, Spec>>>>).flatMap(
    ([kind, specs]) => {
      const choices = Math.max(1, ...Object.values(specs).map((spec) => (typeof spec === 'string' ? 1 : spec.length)));
      return Array.from(
        { length: choices },
        (_, index) =>
          ({
            kind,
            ...Object.fromEntries(
              Object.entries(specs).map(([name, spec]) => [
                name,
                typeof spec === 'string' ? VALUES[spec] : spec[index % spec.length],
              ]),
            ),
          }) as Fact<P>,
      );
    },
  );
}
