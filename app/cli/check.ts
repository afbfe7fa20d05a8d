// `platter check`: reads an image file to its end and reports whether it is intact.
import { basename, dirname, resolve } from 'node:path';
import type { PlatterError } from '../contract/errors.ts';
import { partsOf, plainRunning } from '../contract/request-facts.ts';
import { checkFolder } from '../engine/unpacking/check-folder.ts';
import { checkFile, type Checked } from '../engine/unpacking/check-file.ts';
import { describe } from '../engine/unpacking/describe.ts';
import type { Actions } from './commands.ts';
import { tellOfFolder } from './check-folder.ts';
import { withList } from './checksum-list.ts';
import { isElsewherePath, reportingDownloads, withDownloaded } from './download.ts';
import { EXIT } from './output/exit-code.ts';
import { missingBytes, missingWords } from './output/info-lines.ts';
import { asTyped } from './output/typed-paths.ts';
import { forTerminal, refusals, printResult } from './output/speech.ts';
import { bytes, printable, printableJson } from './output/text.ts';
import { english } from '../base/english.ts';
import { outcome } from '../base/errors.ts';

/** Formats what was found for people. */
function lines(
  path: string,
  { format, entry, bytes: packed, size, zeros, checked, sha256, matches, signed, unchecked, unclear, bmap }: Checked,
  { missing, isDownload }: { missing: number; isDownload: boolean },
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
  return [
    what,
    ...(missing > 0 ? [`Missing: ${missingWords(missing, size)}.`] : []),
    ...own,
    ...(zeros > 0 ? [`${bytes(zeros)} of zeros follow the packed image. They are not part of it.`] : []),
    comparedLine(path, isDownload, { matches, signed }),
    ...signedLines(signed, unchecked),
    ...(bmap === null ? [] : [bmapLine(path, bmap)]),
    ...unclear.map(
      ({ list, reason }) => `The checksum list ${nameOf(list, path)} cannot be used. ${english.reason(reason)}`,
    ),
    `sha256 of the file:  ${sha256.file}`,
    ...(format === null ? [] : [`sha256 of the image: ${sha256.image}`]),
  ];
}

/** Says which checksum was compared, where it came from, and whether it is of the file or of the image. */
function comparedLine(
  path: string,
  isDownload: boolean,
  { matches, signed }: Pick<Checked, 'matches' | 'signed'>,
): string {
  if (matches === null && isDownload)
    return 'No checksum was compared. A download has no list beside it: give a checksum by --sha256, or a list by --checksum.';
  if (matches === null)
    return 'There is no checksum to compare with: none was given, and no list beside the file has one.';
  const { checksum, list, of } = matches;
  const { hash, hex } = partsOf(checksum);
  if (list === null && signed !== null) return `The file is the one that was signed (${hash} ${hex}).`;
  const which = list === null ? 'The checksum that was given' : `The checksum in ${nameOf(list, path)}`;
  return `${which} is right: it is that of ${of === 'file' ? 'the file' : 'the image in it'} (${hash} ${hex}).`;
}

/** Says which block map the image matches. */
function bmapLine(path: string, { path: bmap, mapped, checksums }: NonNullable<Checked['bmap']>): string {
  const name = nameOf(bmap, path);
  return checksums
    ? `The ${bytes(mapped)} that ${name} maps are what its checksums say. What it leaves out is undefined.`
    : `${name} maps ${bytes(mapped)}. It does not have a checksum for all of them, so a wrong byte may go unseen.`;
}

/** The name of a list beside the file at `path`; the whole path of any other list. */
const nameOf = (list: string, path: string): string =>
  dirname(resolve(list)) === dirname(resolve(path)) ? basename(list) : list;

/** Says who made a signature, and which one was not checked. */
const signedLines = (signed: Checked['signed'], unchecked: Checked['unchecked']): string[] => [
  ...(signed === null ? [] : [english.note({ kind: 'signedBy', ...signed })]),
  ...unchecked.map((one) => english.note({ kind: 'signatureUnchecked', ...one })),
];

/** The result for programs: each fact as an English sentence. */
const forPrograms = ({ unclear, ...found }: Checked, missing: number): object => ({
  ...found,
  missing,
  unclear: unclear.map(({ list, reason }) => ({ list, message: english.reason(reason) })),
});

/** How many bytes of its partitions the image in `file` lacks; 0 when it has no table that can be read. */
async function missingIn(file: string, { entry, size }: Checked): Promise<number> {
  const described = await outcome(() => describe(file, entry));
  return described.ok ? missingBytes({ table: described.value.table, size, sizeIs: 'exact' }) : 0;
}

/** Failures that do not tell whether the file is damaged. */
const NO_VERDICT: ReadonlySet<PlatterError['reason']['kind']> = new Set([
  'packedMemory',
  'packedUnreadable',
  'diskNeedsFile',
  'diskNeedsFiles',
  'diskEncrypted',
  'diskUnfinished',
]);

/** True when the file is damaged or wrong. Otherwise it could not be checked. */
const isWrong = ({ code, reason: { kind } }: PlatterError): boolean => code === 'BAD_IMAGE' && !NO_VERDICT.has(kind);

export const check: Actions['check'] = (path, options, downloads) => {
  const refused = refusals(options.json);
  return reportingDownloads(refused, (stop) => {
    const listDownload = { downloads, patience: plainRunning.stallTimeout, signal: stop.signal };
    return withList(options.checksum, listDownload, (checksum) => {
      stop.close();
      const requirement = { ...options, checksum };
      return isElsewherePath(path)
        ? withDownloaded(path, downloads, refused, (file) => checkAt(file, asTyped(file), requirement))
        : checkAt(path, path, requirement);
    });
  });
};

/** Checks `file`, which messages call `path`. */
async function checkAt(
  file: string,
  path: string,
  { json, ...requirement }: Parameters<Actions['check']>[1],
): Promise<number> {
  const folder = await outcome(() => checkFolder(file, requirement));
  if (folder.ok && folder.value !== null) return tellOfFolder(path, folder.value, json);
  const found = folder.ok ? await outcome(() => checkFile(file, requirement)) : folder;
  if (!found.ok) {
    refusals(json)(found.errors);
    return found.errors.some(isWrong) ? EXIT.noneGood : EXIT.refused;
  }
  const missing = await missingIn(file, found.value);
  const told = printResult(
    json
      ? `${printableJson({ path, ...forPrograms(found.value, missing) }, 2)}\n`
      : `${forTerminal(
          lines(path, found.value, { missing, isDownload: file !== path })
            .map(printable)
            .join('\n'),
        )}\n`,
  );
  const { checked, matches, bmap } = found.value;
  return checked || matches !== null || bmap?.checksums === true ? told : EXIT.someFailed;
}
