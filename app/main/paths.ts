// Where the built pieces are, seen from out/main/main.js.
import { join, resolve } from 'node:path';

const out = resolve(import.meta.dirname, '..');

export const PRELOAD = join(out, 'preload.cjs');
export const RENDERER = join(out, 'renderer');
