// The rules that a machine can check: strict types, no ignored promise, and which room may import which.
import { fileURLToPath } from 'node:url';
import boundaries from 'eslint-plugin-boundaries';
import svelte from 'eslint-plugin-svelte';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Each room's files, and the rooms whose files they may import (beside their own). First match counts. */
const rooms = {
  contract: { files: 'app/contract/**', imports: [] },
  preload: { files: 'app/preload.ts', imports: ['contract'] },
  // All text for people, in their language: in the page, and in main's dialogs and notifications.
  words: { files: 'app/words/**', imports: ['contract'] },
  // The basis of all our programs: failures as values, the state folder, files that are complete or missing.
  base: { files: 'app/base/**', imports: ['contract', 'words'] },
  // How a job went: verdicts, counts, totals. The page and main's notifications share it.
  view: { files: 'app/view/**', imports: ['base', 'contract', 'words'] },
  // Parsers of foreign bytes: file formats, partition tables, file systems, lists of checksums. Pure.
  parsers: { files: 'app/parsers/**', imports: ['contract'] },
  // Brings a URL or standard input into a file.
  download: { files: 'app/download/**', imports: ['base', 'contract'] },
  // Starts the engine host, talks to it and runs a job. Main knows nothing else of the engine.
  client: { files: 'app/client/**', imports: ['base', 'contract', 'view'] },
  // The rooms of the engine. Each may import those above it.
  formats: { files: 'app/engine/formats/**', imports: ['base', 'contract'] },
  native: { files: 'app/engine/native/**', imports: ['base', 'contract', 'formats'] },
  devices: { files: 'app/engine/devices/**', imports: ['base', 'contract', 'native', 'parsers'] },
  access: { files: 'app/engine/access/**', imports: ['base', 'client', 'contract', 'devices', 'native'] },
  usedBlocks: {
    files: 'app/engine/used-blocks/**',
    imports: ['base', 'contract', 'devices', 'native', 'parsers', 'serving'],
  },
  unpacking: {
    files: 'app/engine/unpacking/**',
    imports: ['base', 'contract', 'devices', 'formats', 'native', 'parsers'],
  },
  serving: { files: 'app/engine/serving/**', imports: ['access', 'base', 'contract', 'devices', 'unpacking'] },
  packing: { files: 'app/engine/packing/**', imports: ['contract', 'devices', 'formats', 'native', 'unpacking'] },
  admission: {
    files: 'app/engine/admission/**',
    imports: [
      'access',
      'base',
      'contract',
      'devices',
      'formats',
      'native',
      'packing',
      'parsers',
      'unpacking',
      'usedBlocks',
    ],
  },
  job: {
    files: 'app/engine/job/**',
    imports: ['access', 'admission', 'base', 'contract', 'devices', 'formats', 'native', 'packing', 'view'],
  },
  engine: {
    files: 'app/engine/*.ts',
    imports: [
      'access',
      'admission',
      'base',
      'client',
      'contract',
      'devices',
      'formats',
      'job',
      'native',
      'serving',
      'unpacking',
      'view',
    ],
  },
  // The records of ended jobs, for the window and the command line.
  records: { files: 'app/records/**', imports: ['base', 'contract', 'formats', 'view', 'words'] },
  cli: {
    files: 'app/cli/**',
    imports: [
      'admission',
      'base',
      'client',
      'contract',
      'devices',
      'download',
      'job',
      'records',
      'serving',
      'unpacking',
      'view',
      'words',
    ],
  },
  main: { files: 'app/main/**', imports: ['base', 'client', 'contract', 'download', 'records', 'view', 'words'] },
  renderer: { files: 'renderer/**', imports: ['contract', 'view', 'words'] },
  build: { files: 'build/**', imports: [] },
};
rooms.test = { files: 'test/**', imports: Object.keys(rooms) };

const isRoom = (name) => ({ file: { categories: name } });
const policies = Object.entries(rooms).map(([name, { imports }]) => ({
  from: isRoom(name),
  allow: { to: [name, ...imports].map(isRoom) },
}));

/** Modules that only some rooms may import, as a `no-restricted-imports` rule. */
const without = (...groups) => ['error', { patterns: groups }];
const importTypeScript = {
  regex: '^\\.{1,2}/.*(?<!\\.(ts|svelte|json|mjs|css|config\\.js))$',
  message:
    'Write the extension of the file that is there (./name.ts): Node, the bundler and the linter then agree on it.',
};
const noElectron = { regex: '^electron($|/)', message: 'Only app/main and app/preload.ts know Electron.' };
const noNode = { regex: '^node:', message: 'The window has no Node: ask main through bridge.ts.' };

/** A name that starts with _ is left unused on purpose. */
const unused = ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }];

export default defineConfig(
  { ignores: ['out/', 'node_modules/', 'artifacts/'] },
  {
    files: ['**/*.ts', '**/*.svelte'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: root, extraFileExtensions: ['.svelte'] },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { boundaries },
    settings: {
      'boundaries/root-path': root,
      'boundaries/files': Object.entries(rooms).map(([category, { files }]) => ({ category, pattern: files })),
      'import/resolver': { node: { extensions: ['.ts', '.mjs', '.js', '.svelte'] } },
    },
    rules: {
      'boundaries/dependencies': ['error', { default: 'disallow', policies }],
      'boundaries/no-unknown-files': 'error',
      'no-restricted-imports': without(importTypeScript, noElectron),
      'no-console': ['error', { allow: ['error', 'warn'] }], // stdout is for results
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': unused,
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // noUncheckedIndexedAccess requires `!` wherever an index is known to be in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // We have no enums, and our classes have #private members, so the compiler itself tells an instance from an object
      // of the same form. These two rules took a fifth of the linter's time.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // The contract's tables are indexed by string literals; `type` and `interface` both have their use.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // `() => void f()` and `() => socket.end()` are clear.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['app/main/**', 'app/preload.ts', 'test/**'],
    rules: { 'no-restricted-imports': without(importTypeScript) },
  },
  { files: ['renderer/**'], rules: { 'no-restricted-imports': without(importTypeScript, noElectron, noNode) } },
  svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser, svelteConfig } },
    // The parser's types inside {#if} are narrower than Svelte's own. svelte-check checks these conditions.
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off' },
  },
  { files: ['test/**'], rules: { 'no-console': 'off' } },
  {
    files: ['build/**/*.mjs', 'test/**/*.mjs'],
    extends: [tseslint.configs.recommended],
    rules: { '@typescript-eslint/no-unused-vars': unused },
  },
);
