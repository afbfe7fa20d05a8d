// PLATTER_CLOSED_NETWORK switches the workarounds for a closed network or an old system: see build/README.md. Runs on
// Node 20.
import { fail, Stop } from '../tools.mjs';

const KINDS = { undefined: 'needed', 1: 'always', 0: 'never' };

/**
 * 'needed': a workaround is used where the ordinary way fails; 'always': without trying the ordinary way; 'never': not
 * at all.
 */
export const workarounds = KINDS[process.env.PLATTER_CLOSED_NETWORK];

if (workarounds === undefined)
  fail(new Stop(`PLATTER_CLOSED_NETWORK is 0 or 1, not "${process.env.PLATTER_CLOSED_NETWORK}"`));
