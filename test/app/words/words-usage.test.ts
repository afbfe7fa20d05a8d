// All text is in the catalogues and nowhere else, and the catalogues have nothing unused.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { FACTS } from '../../../app/contract/facts.ts';
import { catalogues } from '../../../app/words/speech.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const filesIn = (folder: string, ...ends: string[]): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.some((end) => name.endsWith(end)))
    .map((name) => join(folder, name));
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('uses every key of the catalogues', () => {
  const sources = ['app', 'renderer']
    .flatMap((folder) => filesIn(folder, '.ts', '.svelte'))
    .filter((file) => !/^app\/words\/\w\w\//.test(file))
    .map(textOf)
    .join('\n');
  // say(`states.${state}`) says all of a part.
  const wholeParts = [...sources.matchAll(/`(\w+)\.\$\{/g)].map(([, part]) => part ?? '');
  // Words of facts are looked up by their kind (facts.test.ts).
  wholeParts.push(...Object.keys(FACTS), 'drives');
  const unsaid = Object.entries(catalogues.en).flatMap(([part, messages]) =>
    wholeParts.includes(part)
      ? []
      : Object.keys(messages)
          .map((name) => `${part}.${name}`)
          .filter((key) => !sources.includes(`'${key}'`)),
  );
  expect(unsaid).toEqual([]);
});

/** Attributes of elements and properties of components whose text a user reads or hears. */
const READ = new Set([
  'aria-label',
  'aria-valuetext',
  'aria-description',
  'title',
  'placeholder',
  'alt',
  'label',
  'hint',
  'question',
  'yes',
  'no',
  'text',
  'unit',
]);
/** Two words in a row, or one that begins like a sentence. Text for machines looks different. */
const SENTENCE = /[A-Za-z]{2,} [A-Za-z]{2,}|^[A-Z][a-z]{2,}/;
/** These names are the same in every language: the program's, and the browser's for keys. */
const isName = (text: string): boolean =>
  /^(Platter|Enter|Escape|Home|End|Arrow(Up|Down|Left|Right)|(Control|Shift|Alt)\+\S+|\W*)$/.test(text.trim());

type Node = { type?: string; name?: string; data?: string; value?: unknown; [key: string]: unknown };

/** English in a component: text, attributes that are read, and strings in its expressions and script. */
function englishIn(svelte: string): string[] {
  const found: string[] = [];
  const isWord = (text: string): boolean => /[A-Za-z]{2,}/.test(text) && !isName(text);
  const walk = (node: unknown, where: 'text' | 'read' | 'code' | 'other'): void => {
    if (Array.isArray(node)) node.forEach((each) => walk(each, where));
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, name, data, value } = node as Node;
    if (type === 'Comment' || type === 'StyleSheet' || type === 'ImportDeclaration' || type === 'NewExpression') return;
    if (type === 'Text' && (where === 'text' || where === 'read') && isWord(data ?? ''))
      found.push((data ?? '').trim());
    if (type === 'Literal' && typeof value === 'string' && where !== 'other' && SENTENCE.test(value) && !isName(value))
      found.push(value);
    if (type === 'TemplateElement' && where !== 'other') {
      const { raw } = value as { raw: string };
      if (SENTENCE.test(raw.trim()) && !isName(raw)) found.push(raw);
    }
    const within =
      type === 'Attribute'
        ? READ.has(name ?? '')
          ? 'read'
          : typeof value === 'object' && !Array.isArray(value)
            ? 'code'
            : 'other'
        : type === 'Script'
          ? 'code'
          : where;
    const inside = name === 'class' || name === 'data-state' ? 'other' : within;
    for (const [key, child] of Object.entries(node))
      if (key !== 'comments' && key !== 'leadingComments' && key !== 'trailingComments' && key !== 'css')
        walk(child, inside);
  };
  walk(parse(svelte, { modern: true }), 'text');
  return found;
}

/** English in a module of the page, except in errors, which are English for the log. */
function englishInModule(file: string): string[] {
  const found: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isNewExpression(node) || ts.isImportDeclaration(node)) return;
    if (ts.isPropertyAssignment(node) && /^(message|advice)$/.test(node.name.getText())) return;
    const text =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
        ? node.text
        : '';
    if (/[A-Za-z]{2,} [A-Za-z]{2,}/.test(text)) found.push(text);
    node.forEachChild(walk);
  };
  walk(ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true));
  return found;
}

describe('English outside the catalogues', () => {
  test('finds English outside the catalogues in samples', () => {
    expect(englishIn('<button class="a b">Start over</button>')).toEqual(['Start over']);
    expect(englishIn('<b aria-label="Close">{x ? `Details of ${x}` : "Nothing"}</b>')).toEqual([
      'Close',
      'Details of ',
      'Nothing',
    ]);
    expect(englishIn('<script>const a = "No drive yet";</script>{a}')).toEqual(['No drive yet']);
  });

  test.each(filesIn('renderer', '.svelte'))('finds no English outside the catalogues in %s', (file) =>
    expect(englishIn(textOf(file))).toEqual([]),
  );

  test('finds no English outside the catalogues in modules of the page', () => {
    const modules = [...filesIn('renderer', '.ts'), ...filesIn('app/view', '.ts')];
    expect(modules.flatMap((file) => englishInModule(file).map((text) => `${file}: ${text}`))).toEqual([]);
  });
});
