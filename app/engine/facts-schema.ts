// Schemas of the contract's facts, made of its tables: each kind with what it knows, no more and no less.
import * as z from 'zod';
import { FACTS, type Fact, type FactValues, type Part, type Spec } from '../contract/facts.ts';

/** A reason can have another one in it, and that one a third. No deeper: what comes out of a pipe must not nest without end. */
const MOST_NESTED = 2;

const text = z.string();
const drive = z.strictObject({ model: text.nullable(), serial: text.nullable(), size: z.number() }) satisfies z.ZodType<FactValues['drive']>;
const place = z.strictObject({ offset: z.number(), length: z.number() }) satisfies z.ZodType<FactValues['place']>;
const simple = { text, list: z.array(text), count: z.number(), bytes: z.number(), size: z.number(), time: z.number(), place, drive };

function valueOf(spec: Spec, nested: number): z.ZodType {
  if (typeof spec !== 'string') return z.enum([...spec]);
  switch (spec) {
    case 'reason':
    case 'clause':
      return nested === 0 ? z.never() : tableOf('reasons', nested - 1);
    case 'cause':
      return tableOf('causes', 0);
    case 'end':
      return tableOf('ends', 0);
    case 'file':
      return tableOf('files', 0);
    default:
      return simple[spec];
  }
}

const made = new Map<string, z.ZodType>();

function tableOf(part: Part, nested: number): z.ZodType {
  const id = `${part} ${nested}`;
  const known = made.get(id);
  if (known !== undefined) return known;
  const kinds = Object.entries<Readonly<Record<string, Spec>>>(FACTS[part]).map(([kind, specs]) =>
    z.strictObject({ kind: z.literal(kind), ...Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, valueOf(spec, nested)])) }));
  const schema = z.discriminatedUnion('kind', kinds as [(typeof kinds)[number]]);
  made.set(id, schema);
  return schema;
}

/** The schema of one table. That it gives what the type says follows from both being made of the same table. */
const schemaOf = <P extends Part>(part: P): z.ZodType<Fact<P>> => tableOf(part, MOST_NESTED) as z.ZodType<Fact<P>>;

export const reason = schemaOf('reasons');
export const remedy = schemaOf('remedies');
export const note = schemaOf('notes');
export const content = schemaOf('contents');
export const socket = schemaOf('sockets');
