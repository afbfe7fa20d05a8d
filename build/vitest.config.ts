// Tests written in TypeScript: one project for each kind, of the same name as its stage in build/test.mjs. They use real
// devices, processes and windows, so time limits are generous.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { unitTests } from './unit.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const UNITS = unitTests();
/** Tests that count the reads of a device. Whoever lists the devices of the machine reads from each: no others run beside them. */
const COUNT_READS = ['test/lab/**/*.test.ts', 'test/app/job/rescue.test.ts'];

interface Files {
  include: string[];
  exclude?: string[];
  /** So many files run at a time. */
  atOnce: number;
}
const projects: Record<string, Files> = {
  unit: { include: UNITS, atOnce: 2 },
  // These wait for devices and processes half of the time.
  app: {
    include: ['test/app/**/*.test.ts', 'test/bench/**/*.test.ts'],
    exclude: [...UNITS, ...COUNT_READS],
    atOnce: 2,
  },
  lab: { include: COUNT_READS, atOnce: 1 },
  // Pages know nothing of each other, and wait for their frames half of the time.
  renderer: { include: ['test/renderer/**/*.test.ts'], atOnce: 2 },
  electron: { include: ['test/electron/**/*.test.ts'], atOnce: 1 },
  package: { include: ['test/package/**/*.test.ts'], atOnce: 1 },
};
/** The projects of one run take turns. */
const inTurn = (
  [name, { include, exclude = [], atOnce }]: [string, Files],
  turn: number,
): TestProjectInlineConfiguration => ({
  extends: true,
  test: { name, include, exclude, maxWorkers: atOnce, sequence: { groupOrder: turn } },
});

export default defineConfig({
  root: here('..'),
  cacheDir: here('../node_modules/.vite'),
  // State classes of the renderer are .svelte.ts; they are tested in Node, pages in Chromium.
  plugins: [svelte({ configFile: here('./svelte.config.js') })],
  resolve: { conditions: ['browser'] },
  test: {
    projects: Object.entries(projects).map(inTurn),
    // Nothing is written outside of the tests' own folders.
    globalSetup: [here('../test/own-folders.ts')],
    setupFiles: [here('../test/guard-folders.ts')],
    environment: 'node',
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    expect: { poll: { timeout: 120_000 } },
    retry: 0,
    slowTestThreshold: 10_000,
    allowOnly: false,
    passWithNoTests: false,
  },
});
