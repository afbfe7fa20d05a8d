// Serves the window its only content, the files of out/renderer, through our own scheme.
import { app, protocol } from 'electron';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

const SCHEME = 'platter';
const ORIGIN = `${SCHEME}://window`;

/** The URL of the only page. */
export const APP_URL = `${ORIGIN}/index.html`;

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** True for our page, with any fragment. */
export function isAppUrl(url: string): boolean {
  return url === APP_URL || url.startsWith(`${APP_URL}#`);
}

/**
 * Registers the scheme with an origin of its own, as the content policy needs. Scripts are compiled once, because their
 * names change with their content. Call before `ready`.
 */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/** The page is rebuilt while the window is open: a checkout started by `npm run dev`. */
export const IN_DEVELOPMENT = !app.isPackaged && process.env.PLATTER_DEV === '1';

/** The files below `folder` by their URL. */
function filesByUrl(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [`${ORIGIN}/${relative(folder, path)}`, path]),
  );
}

/** Serves the files that are in `folder` now. A request names one of them or gets 404, so no path can lead outside. */
export function setupContent(folder: string): void {
  const files = filesByUrl(folder);
  protocol.handle(SCHEME, async (request) => {
    const path = (IN_DEVELOPMENT ? filesByUrl(folder) : files).get(request.url.replace(/[?#].*$/, ''));
    if (path === undefined || request.method !== 'GET') return new Response(null, { status: 404 });
    return new Response(await readFile(path), {
      headers: {
        'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
        'Content-Security-Policy': POLICY,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      },
    });
  });
}
