// How the window's page is built: renderer/ becomes plain files in out/renderer, loadable from disk.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('../renderer'),
  base: './',
  plugins: [svelte({ configFile: here('./svelte.config.js') })],
  build: {
    outDir: here('../out/renderer'),
    emptyOutDir: true,
    // The oldest Electron we run on is 33, which is Chrome 130.
    target: 'chrome130',
    // The polyfill would fetch, which the page's CSP forbids, and no Electron needs it.
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
