// A checksum as a person types or pastes it.
import { expect, test } from 'vitest';
import { typedChecksum } from '../../renderer/typed-checksum.ts';

const HEX = '0123456789abcdef';

test.each([
  ['a sha256', HEX.repeat(4), `sha256:${HEX.repeat(4)}`],
  ['a sha512', HEX.repeat(8), `sha512:${HEX.repeat(8)}`],
  ['a sha1', HEX.repeat(2) + HEX.slice(8), `sha1:${HEX.repeat(2)}${HEX.slice(8)}`],
  ['an md5', HEX.repeat(2), `md5:${HEX.repeat(2)}`],
  ['capital letters', HEX.repeat(4).toUpperCase(), `sha256:${HEX.repeat(4)}`],
  ['spaces around it', `  ${HEX.repeat(4)}\n`, `sha256:${HEX.repeat(4)}`],
  ['its name before it', `SHA256: ${HEX.repeat(4)}`, `sha256:${HEX.repeat(4)}`],
  ['a line of a list', `${HEX.repeat(4)} *disk.img.xz`, `sha256:${HEX.repeat(4)}`],
])('takes %s', (_what, typed, checksum) => {
  expect(typedChecksum(typed)).toBe(checksum);
});

test('takes nothing for no checksum', () => {
  expect(typedChecksum(' ')).toBeNull();
});

test.each([
  ['too few digits', HEX.repeat(3)],
  ['other letters', 'g'.repeat(64)],
  ['the name of another hash', `sha512:${HEX.repeat(4)}`],
  ['a word', 'none'],
])('does not take %s', (_what, typed) => {
  expect(typedChecksum(typed)).toBeUndefined();
});
