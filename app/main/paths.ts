// Paths of the built parts, relative to out/main/main.js.
import { join, resolve } from 'node:path';

const out = resolve(import.meta.dirname, '..');

export const PRELOAD = join(out, 'preload.cjs');
export const RENDERER = join(out, 'renderer');
