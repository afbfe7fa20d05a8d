// Tests written in TypeScript. They use real devices, processes and windows, so time limits are generous. Files run one after
// the other unless a stage says otherwise (build/test.mjs).
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('..'),
  cacheDir: here('../node_modules/.vite'),
  // State classes of the renderer are .svelte.ts; they are tested in Node, pages in Chromium.
  plugins: [svelte({ configFile: here('./svelte.config.js') })],
  resolve: { conditions: ['browser'] },
  test: {
    include: ['test/**/*.test.ts'],
    // Nothing is written outside of the tests' own folders.
    globalSetup: [here('../test/own-folders.ts')],
    setupFiles: [here('../test/guard-folders.ts')],
    environment: 'node',
    pool: 'forks',
    fileParallelism: false,
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
