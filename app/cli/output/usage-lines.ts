// `platter info --used` for people and for programs: what the file systems use, and what an image of that would take.
import type { PlatterError } from '../../contract/errors.ts';
import type { PartUse, Usage } from '../../contract/jobs.ts';
import { english } from '../../base/english.ts';
import { size } from '../../base/figures.ts';
import { errorFacts, partFacts, type ErrorFacts } from './json.ts';

/** The usage, or the reason why it is not known. */
export type FoundUsage = { usage: Usage; problem: null } | { usage: null; problem: PlatterError };

/** The facts, each with its label. */
export function usageFacts({ usage, problem }: FoundUsage): [string, string][] {
  if (usage === null) return [['In use', `not known. ${english.reason(problem.reason)}`]];
  const { parts, copied, image } = usage;
  const lines = parts.length === 0 ? [`all of ${size(usage.size)}: nothing in it is recognised`] : parts.map(partLine);
  const left = usage.size - copied;
  const facts: [string, string][] = [
    ...lines.map((line, index): [string, string] => [index === 0 ? 'In use' : '', line]),
    [
      '--used',
      `copies ${size(copied)}, in chunks of 1 MiB, with what is outside of file systems${left === 0 ? '' : `, and leaves out ${size(left)}`}`,
    ],
  ];
  return image === null ? facts : [...facts, ['.img.zst', `an image with --used would take about ${roundSize(image)}`]];
}

/** "12 GB": the estimate has two figures. */
const roundSize = (bytes: number): string => size(bytes).replace(/\.0 /u, ' ');

function partLine({ partition, signatures, size: bytes, used, whole, saves }: PartUse): string {
  const name = signatures.length === 0 ? '' : ` (${signatures.join(', ')})`;
  const which = partition === null ? signatures.join(', ') : `partition ${partition}${name}`;
  if (whole === null) return `${which}: ${size(used)} of ${size(bytes)}`;
  const although = saves === 0 ? '' : `, although ${size(saves)} of it look free`;
  return `${which}: taken as a whole, ${size(bytes)}${although}. ${english.reason(whole)}`;
}

/** The same for programs. */
export const usageDocument = ({
  usage,
  problem,
}: FoundUsage): (Omit<Usage, 'parts'> & { parts: ReturnType<typeof partFacts>[] }) | { problem: ErrorFacts } =>
  usage === null ? { problem: errorFacts(problem) } : { ...usage, parts: usage.parts.map(partFacts) };
