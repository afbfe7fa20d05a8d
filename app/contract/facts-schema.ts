// Schemas of the contract's facts, made from its tables. A fact with missing or additional values is refused.
import * as z from 'zod';
import { FACTS, type Fact, type Part, type Spec } from './facts.ts';
import { driveFacts, extent } from './values.ts';

/**
 * A reason can contain another one, and that a third. The depth is limited, because a message from a pipe must not nest
 * without end.
 */
const MOST_NESTED = 2;

const text = z.string();
const simple = {
  text,
  list: z.array(text),
  count: z.number(),
  bytes: z.number(),
  size: z.number(),
  time: z.number(),
  place: extent,
  drive: driveFacts,
};

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

/** The kind of `value`, if `part` has it; otherwise null. */
function kindOf(part: Part, value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('kind' in value) || typeof value.kind !== 'string') return null;
  return Object.hasOwn(FACTS[part], value.kind) ? value.kind : null;
}

const made = new Map<string, z.ZodType>();

/**
 * The schema of one kind, made for the first fact of that kind. Making all of them takes longer than listing the disks.
 */
function kindSchema(part: Part, kind: string, nested: number): z.ZodType {
  const id = `${part} ${kind} ${nested}`;
  const known = made.get(id);
  if (known !== undefined) return known;
  const specs = FACTS[part] as Readonly<Record<string, Readonly<Record<string, Spec>>>>;
  const schema = z.strictObject({
    kind: z.literal(kind),
    ...Object.fromEntries(Object.entries(specs[kind]!).map(([name, spec]) => [name, valueOf(spec, nested)])),
  });
  made.set(id, schema);
  return schema;
}

const tableOf = (part: Part, nested: number): z.ZodType =>
  z.unknown().transform((value, context) => {
    const kind = kindOf(part, value);
    if (kind === null) {
      context.addIssue(`This is none of the ${part}.`);
      return z.NEVER;
    }
    const read = kindSchema(part, kind, nested).safeParse(value);
    if (read.success) return read.data;
    for (const { message, path } of read.error.issues) context.addIssue({ code: 'custom', message, path });
    return z.NEVER;
  });

/** The schema of one table. The cast is safe, because schema and type are made from the same table. */
const schemaOf = <P extends Part>(part: P): z.ZodType<Fact<P>> => tableOf(part, MOST_NESTED) as z.ZodType<Fact<P>>;

export const reason = schemaOf('reasons');
export const remedy = schemaOf('remedies');
export const note = schemaOf('notes');
export const content = schemaOf('contents');
export const socket = schemaOf('sockets');
