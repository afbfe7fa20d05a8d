// The only file that uses `window.platter`: what the preload script exposes, typed by the contract.
import type { Bridge } from '../app/contract/window.ts';

declare global {
  interface Window {
    readonly platter?: Bridge;
  }
}

/** The bridge to the main process. Throws when the page was opened without Platter's preload script. */
export function connect(): Bridge {
  if (window.platter === undefined)
    throw new Error('This page works only in the Platter window: its preload script did not run.');
  return window.platter;
}
