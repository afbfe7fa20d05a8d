// A checksum as a person types or pastes it.
import { hashWith } from '../app/contract/hashes.ts';

/**
 * The checksum that was typed, as a request has it: "sha256:0f34…". The number of digits decides which hash it is; a
 * name before it ("sha256:") and a file's name behind it, as in a list of checksums, may come along. Null when nothing
 * was typed, undefined when it is no checksum.
 */
export function typedChecksum(typed: string): string | null | undefined {
  const text = typed.trim();
  if (text === '') return null;
  const [, name, hex] = /^(?:([a-z0-9]+)[:=]\s*)?([0-9a-f]+)(?:\s.*)?$/isu.exec(text) ?? [];
  const hash = hashWith(hex?.length ?? 0);
  if (hash === undefined || (name !== undefined && name.toLowerCase() !== hash)) return undefined;
  return `${hash}:${hex!.toLowerCase()}`;
}
