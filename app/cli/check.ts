// `platter check`: reads an image file to its end and says whether it is right.
import { basename } from 'node:path';
import { checkFile, type Checked } from '../engine/unpacking/check-file.ts';
import type { Actions } from './commands.ts';
import { EXIT } from './output/exit-code.ts';
import { forTerminal, refusals, tell } from './output/speech.ts';
import { printable, printableJson } from './output/text.ts';
import { english } from '../base/english.ts';
import { outcome } from '../base/errors.ts';

const bytes = (count: number): string => `${count.toLocaleString('en')} bytes`;

/** Formats what was found for people. */
function lines(
  path: string,
  { format, entry, bytes: packed, size, checked, sha256, matches, signed, unchecked, unclear }: Checked,
): string[] {
  const what =
    format === null
      ? `${path}: ${bytes(packed)}, not packed.`
      : `${path}: ${format}, ${bytes(packed)}; ${entry ?? 'the image in it'} has ${bytes(size)}.`;
  const own =
    format === null
      ? []
      : [
          checked
            ? 'All of it was unpacked, and is what the checksums in the file say.'
            : 'All of it was unpacked. The file has no checksum of its own, so a wrong byte may go unseen.',
        ];
  const said =
    matches === null
      ? ['There is no checksum to compare with: none was given, and no list beside the file has one.']
      : [
          `${matches.list === null ? 'The checksum that was given' : `The checksum in ${basename(matches.list)}`} is right: it is that of ${matches.of === 'file' ? 'the file' : 'the image in it'}.`,
        ];
  return [
    what,
    ...own,
    ...said,
    ...signedLines(signed, unchecked),
    ...unclear.map(({ list, reason }) => `The list ${basename(list)} is not clear. ${english.reason(reason)}`),
    `sha256 of the file:  ${sha256.file}`,
    ...(format === null ? [] : [`sha256 of the image: ${sha256.image}`]),
  ];
}

/** Says whose a signature is, and which one was not checked. */
const signedLines = (signed: Checked['signed'], unchecked: Checked['unchecked']): string[] => [
  ...(signed === null ? [] : [english.note({ kind: 'signedBy', ...signed })]),
  ...unchecked.map((one) => english.note({ kind: 'signatureUnchecked', ...one })),
];

/** What was found, with sentences in the place of facts. */
const forPrograms = ({ unclear, ...found }: Checked): object => ({
  ...found,
  unclear: unclear.map(({ list, reason }) => ({ list, message: english.reason(reason) })),
});

export const check: Actions['check'] = async (path, { json, ...wish }) => {
  const found = await outcome(() => checkFile(path, wish));
  if (!found.ok) {
    refusals(json)(found.errors);
    return found.errors.some(({ code }) => code === 'BAD_IMAGE') ? EXIT.noneGood : EXIT.refused;
  }
  const told = tell(
    json
      ? `${printableJson({ path, ...forPrograms(found.value) }, 2)}\n`
      : `${forTerminal(lines(path, found.value).map(printable).join('\n'))}\n`,
  );
  const { checked, matches } = found.value;
  return checked || matches !== null ? told : EXIT.someFailed;
};
