// Every kind of fact that the host sends has words in every language that use all its values, and passes the schema
// with those values and nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { afterEach, describe, expect, test } from 'vitest';
import { FACTS, type Part, type Reason, type Spec } from '../../../app/contract/facts.ts';
import { LANGUAGES } from '../../../app/contract/limits.ts';
import { english } from '../../../app/base/english.ts';
import { failure } from '../../../app/base/errors.ts';
import { note, reason } from '../../../app/contract/facts-schema.ts';
import { keptResult } from '../../../app/base/older-files.ts';
import { sayContent, sayError, sayLock, sayNote, sayPort, sayPortShort } from '../../../app/words/host-sentences.ts';
import { catalogues, locale, speakWith } from '../../../app/words/speech.ts';
import { samples } from '../../facts.ts';
import { usbPort } from '../../renderer/support/fixtures.ts';

afterEach(() => speakWith(() => 'en'));

const parts = Object.keys(FACTS) as Part[];
const specsOf = (part: Part, kind: string): Readonly<Record<string, Spec>> =>
  (FACTS[part] as Readonly<Record<string, Readonly<Record<string, Spec>>>>)[kind]!;

/** Every element of a message, those inside the choices of a plural or select too. */
const elementsOf = (elements: MessageFormatElement[]): MessageFormatElement[] =>
  elements.flatMap((each) =>
    each.type === TYPE.plural || each.type === TYPE.select
      ? [each, ...Object.values(each.options).flatMap(({ value }) => elementsOf(value))]
      : [each],
  );

describe.each(LANGUAGES)('facts in %s', (language) => {
  test.each(parts)('uses in every message of %s all that its fact knows', (part) => {
    const messages: Readonly<Record<string, string>> = catalogues[language][part];
    expect(Object.keys(messages).sort()).toEqual(Object.keys(FACTS[part]).sort());
    for (const [kind, text] of Object.entries(messages)) {
      const specs = specsOf(part, kind);
      const used = elementsOf(parse(text)).flatMap((each) =>
        'value' in each && each.type !== TYPE.literal ? [each] : [],
      );
      expect([...new Set(used.map(({ value }) => value))].sort(), kind).toEqual(Object.keys(specs).sort());
      for (const each of used) {
        const spec = specs[each.value]!;
        expect(each.type === TYPE.select, `${kind}.${each.value}`).toBe(typeof spec !== 'string');
        if (each.type === TYPE.plural || each.type === TYPE.number) expect(spec, kind).toBe('count');
        if (each.type !== TYPE.select || typeof spec === 'string') continue;
        const chosen = Object.keys(each.options).filter((choice) => choice !== 'other');
        // One branch may stand for all other values.
        expect(
          chosen.filter((choice) => !spec.includes(choice)),
          kind,
        ).toEqual([]);
        expect(spec.filter((choice) => !chosen.includes(choice)).length, kind).toBeLessThanOrEqual(1);
      }
    }
  });
});

test('uses every kind of fact somewhere in the code', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const told = [
    'app/base',
    'app/client',
    'app/download',
    'app/engine',
    'app/parsers',
    'app/view',
    'app/records',
    'app/main',
    'app/cli',
    'renderer',
  ]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|svelte)$/.test(name))
        .map((name) => readFileSync(join(root, folder, name), 'utf8')),
    )
    .join('\n');
  for (const part of parts) {
    // Kinds named after an error code are used by the code.
    expect(
      Object.keys(FACTS[part]).filter((kind) => !/^[A-Z_]+$/.test(kind) && !told.includes(`'${kind}'`)),
      part,
    ).toEqual([]);
  }
});

describe('every fact with a sample value', () => {
  test('accepts every fact by its schema, and rejects added, missing and too deeply nested parts', () => {
    for (const each of samples('reasons')) expect(reason.parse(each)).toEqual(each);
    for (const each of samples('notes')) expect(note.parse(each)).toEqual(each);
    expect(reason.safeParse({ kind: 'isSystem', more: 1 }).success).toBe(false);
    expect(reason.safeParse({ kind: 'tooSmall', holds: 1, missing: 1 }).success).toBe(false);
    expect(reason.safeParse({ kind: 'oddKind', what: 'spoon' }).success).toBe(false);
    expect(reason.safeParse({ kind: 'unheardOf' }).success).toBe(false);
    const nested = (depth: number): Reason =>
      depth === 0 ? { kind: 'isDone' } : { kind: 'firstSector', reason: nested(depth - 1) };
    expect([1, 2, 3, 50_000].map((depth) => reason.safeParse(nested(Math.min(depth, 1000))).success)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test.each(['de', 'fr'] as const)('says every fact in %s without a word of English', (language) => {
    const ENGLISH = /\b(the|it|is|of|and|cannot|drive|with|there|has)\b/i;
    for (const each of samples('reasons')) {
      const error = failure({ code: 'IO_ERROR', op: 'check', reason: each });
      speakWith(() => language);
      expect(sayError(error).message, each.kind).not.toMatch(ENGLISH);
      if (each.kind !== 'said') expect(sayError(error).message, each.kind).not.toBe(error.message);
    }
    for (const remedy of samples('remedies')) {
      if (remedy.kind !== 'said')
        expect(sayError({ reason: { kind: 'isDone' }, remedy }).advice, remedy.kind).not.toMatch(ENGLISH);
    }
    for (const each of samples('notes')) expect(sayNote(each), each.kind).not.toMatch(ENGLISH);
  });
});

/** Kinds of blanks do not matter here. */
const plain = (text: string): string => text.replaceAll(/\s/gu, ' ');

test('says the same facts in English for scripts and in the chosen language for the window', () => {
  const write = failure({
    code: 'MEDIUM_ERROR',
    op: 'write',
    reason: {
      kind: 'keptAs',
      part: '/a.img.part',
      reason: {
        kind: 'failedAt',
        what: 'write',
        place: { offset: 13_312_720_896, length: 4096 },
        cause: { kind: 'medium' },
      },
    },
  });
  expect(write).toMatchObject({
    message:
      'Write failed at 13.3 GB (sectors 26,001,408 to 26,001,415): ' +
      'the drive reported a medium error (the incomplete image is kept as /a.img.part).',
    advice: 'Replace this drive; the other destinations are not affected.',
  });
  expect(plain(sayError(write).message)).toBe(
    'Write failed at 13.3 GB (sector 26,001,408): the drive reported a medium error (the incomplete image ' +
      'is kept as /a.img.part).',
  );
  speakWith(() => 'de');
  expect(plain(sayError(write).message)).toBe(
    'Schreiben fehlgeschlagen bei 13,3 GB (Sektor 26.001.408): ' +
      'Das Laufwerk meldet einen Medienfehler (das unvollständige Abbild bleibt als /a.img.part erhalten).',
  );
  expect(sayLock({ locked: { code: 'IN_USE', reason: { kind: 'heldBy', holders: ['/dev/md0 (raid1)'] } } })).toBe(
    'Es ist in Gebrauch durch /dev/md0 (raid1).',
  );
  expect(
    plain(sayContent({ kind: 'labelled', fileSystem: 'ext4', label: 'root', path: '/dev/sdb1', size: 32e9 })),
  ).toBe('ext4 „root“ auf /dev/sdb1 (32 GB)');
  speakWith(() => 'fr');
  expect(plain(sayError(write).message)).toBe(
    'Échec de l’écriture à 13,3 Go (secteur 26 001 408) : ' +
      'le disque signale une erreur du support (l’image incomplète est gardée sous le nom /a.img.part).',
  );
  // The blank before a colon is one that does not break.
  expect(sayError(write).message).toContain('\u00a0: le disque');
});

test('uses the right plurals in notes', () => {
  const told = (count: number): string => plain(sayNote({ kind: 'sourceChanged', count, size: 4e9 }));
  expect([told(1), told(2)]).toEqual([
    '1 chunk (4 GB) of the source changed since the manifest was made.',
    '2 chunks (4 GB) of the source changed since the manifest was made.',
  ]);
  speakWith(() => 'de');
  expect([told(1), told(2)]).toEqual([
    'Seit das Manifest gemacht wurde, hat sich 1 Stück (4 GB) der Quelle geändert.',
    'Seit das Manifest gemacht wurde, haben sich 2 Stücke (4 GB) der Quelle geändert.',
  ]);
  speakWith(() => 'fr');
  expect([told(0), told(2)]).toEqual([
    '0 morceau (4 Go) de la source a changé depuis que le manifeste a été fait.',
    '2 morceaux (4 Go) de la source ont changé depuis que le manifeste a été fait.',
  ]);
});

test('says the way to a port in full and in short', () => {
  const said = (): string[] => [
    english.port(usbPort(2, 3)),
    sayPort(usbPort(2, 3)),
    sayPortShort(usbPort(2, 3)),
    sayPortShort({
      sockets: [
        { kind: 'usbBus', number: '1' },
        { kind: 'port', number: '4' },
      ],
    }),
  ];
  expect(said()).toEqual(['USB bus 1, hub 2, port 3', 'USB bus 1, hub 2, port 3', 'hub 2 · 3', 'port 4']);
  speakWith(() => 'de');
  expect(said()).toEqual(['USB bus 1, hub 2, port 3', 'USB-Bus 1, Hub 2, Anschluss 3', 'Hub 2 · 3', 'Anschluss 4']);
  expect(locale()).toBe('de-DE');
});

test('reads a kept result with sentences or with unknown facts', () => {
  const old = { message: 'It broke.', advice: 'Mend it.' };
  const kept = keptResult({
    errors: [old],
    destinations: [
      { path: '/a', errors: [{ ...old, reason: { kind: 'of the future' }, remedy: { kind: 'tryAgain' } }] },
    ],
    notes: ['Long ago.', { kind: 'unloggedMemory' }],
  });
  const said = { kind: 'said', text: 'It broke.' };
  expect(kept).toEqual({
    sourceWritten: false,
    errors: [{ ...old, reason: said, remedy: { kind: 'said', text: 'Mend it.' } }],
    destinations: [{ uncompared: 0, path: '/a', errors: [{ ...old, reason: said, remedy: { kind: 'tryAgain' } }] }],
    notes: [{ kind: 'said', text: 'Long ago.' }, { kind: 'unloggedMemory' }],
  });
});
