// A checksum as a person types or pastes it.
import { hashWith } from '../app/contract/hashes.ts';

/**
 * Parses a typed checksum into the form of a request: "sha256:0f34…". The number of digits decides which hash it is. A
 * prefix ("sha256:") and a file name after it, as in a list of checksums, are accepted. null for empty input, undefined
 * when it is not a checksum.
 */
export function typedChecksum(typed: string): string | null | undefined {
  const text = typed.trim();
  if (text === '') return null;
  const [, name, hex] = /^(?:([a-z0-9]+)[:=]\s*)?([0-9a-f]+)(?:\s.*)?$/isu.exec(text) ?? [];
  const hash = hashWith(hex?.length ?? 0);
  if (hash === undefined || (name !== undefined && name.toLowerCase() !== hash)) return undefined;
  return `${hash}:${hex!.toLowerCase()}`;
}
