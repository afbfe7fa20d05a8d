// Tests in TypeScript: one project for each kind, named as its stage in build/test.mjs. They use real devices,
// processes and windows, so time limits are generous.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const root = here('..');

/** A unit test imports none of these except for types, and names no built file. */
const STARTS_SOMETHING =
  /^import (?!type )[^;]* from '(node:child_process|node:worker_threads|playwright-core|eslint|.*\/build\/.*|.*\/native\/addon\.ts)'|\/out\/|new Worker/m;

const imports = (text: string): string[] =>
  [...text.matchAll(/from '(\.{1,2}\/[^']+\.ts)'/g)].map(([, path = '']) => path);

/** True when a test file, or a file of test/ that it imports, starts something. */
function startsSomething(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (STARTS_SOMETHING.test(text)) return true;
  const own = imports(text)
    .map((path) => join(dirname(file), path))
    .filter((path) => path.startsWith(join(root, 'test/')));
  return own.some((path) => startsSomething(path, seen));
}

/** The unit tests in test/app, relative to the root. They start no process and need no device, browser or build. */
function unitTests(): string[] {
  const files = readdirSync(join(root, 'test/app'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(root, 'test/app', name));
  return files.filter((file) => !startsSomething(file)).map((file) => relative(root, file));
}

const UNITS = unitTests();
/**
 * Tests that count the reads of a device. They run alone, because a program that lists the machine's devices reads from
 * each.
 */
const COUNT_READS = ['test/lab/**/*.test.ts', 'test/app/job/rescue.test.ts'];

interface Files {
  include: string[];
  exclude?: string[];
  /** The number of files that run at the same time. */
  atOnce: number;
}
const projects: Record<string, Files> = {
  unit: { include: UNITS, atOnce: 2 },
  // These mostly wait for devices and processes.
  app: {
    include: ['test/app/**/*.test.ts', 'test/bench/**/*.test.ts'],
    exclude: [...UNITS, ...COUNT_READS],
    atOnce: 3,
  },
  lab: { include: COUNT_READS, atOnce: 1 },
  // Pages are independent, and wait for their frames half of the time.
  renderer: { include: ['test/renderer/**/*.test.ts'], atOnce: 2 },
  electron: { include: ['test/electron/**/*.test.ts'], atOnce: 1 },
  package: { include: ['test/package/**/*.test.ts'], atOnce: 1 },
  boot: { include: ['test/boot/**/*.test.ts'], atOnce: 1 },
};
/** The projects of a run take turns. */
const inTurn = (
  [name, { include, exclude = [], atOnce }]: [string, Files],
  turn: number,
): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, include, exclude, maxWorkers: atOnce, sequence: { groupOrder: turn } },
});

export default defineConfig({
  root,
  cacheDir: here('../node_modules/.vite'),
  // The renderer's state classes (.svelte.ts) are tested in Node, its pages in Chromium.
  plugins: [svelte({ configFile: here('./svelte.config.js') })],
  resolve: { conditions: ['browser'] },
  test: {
    projects: Object.entries(projects).map(inTurn),
    // Tests write only into their own folders.
    globalSetup: [here('../test/own-folders.ts')],
    setupFiles: [here('../test/guard-folders.ts')],
    environment: 'node',
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    expect: { poll: { timeout: 120_000 } },
    retry: 0,
    // When something that all tests need is broken, each waits for its own time limit and a run takes hours.
    bail: 20,
    slowTestThreshold: 10_000,
    allowOnly: false,
    passWithNoTests: false,
  },
});
