// How main reaches the engine host: started from here, with a second one when more rights are needed; or, when root
// opened the window for an ordinary user, over descriptors the launcher left open.
import { app } from 'electron';
import { Socket } from 'node:net';
import type { Remedy } from '../contract/facts.ts';
import { startEngine, type Engine } from '../engine/client.ts';
import { elevatingEngine } from '../engine/elevating-engine.ts';
import { elevatedCommand, meansHere, type ElevatedCommand } from '../engine/elevation.ts';
import { stateDir } from '../engine/state-folder.ts';
import { log } from './log.ts';

/**
 * Gives the function that connects to the host; what it is given hears whether the system is being asked for more rights.
 * After a host of the launcher's has failed the next pair of descriptors leads to another, as long as there are any.
 */
export function engineConnector(env: NodeJS.ProcessEnv): (elevating: (asking: boolean) => void) => Engine {
  const descriptors = env.PLATTER_HOST_FDS?.split(',').map(Number);
  if (descriptors === undefined) {
    return (elevating) => elevatingEngine(startEngine({ heard }), { elevated, heard, tell: (sentence) => elevating(sentence !== null) });
  }
  let last: Engine | null = null;
  return () => {
    const [from, to] = descriptors.splice(0, 2);
    if (from !== undefined && to !== undefined) last = attachedEngine(from, to);
    return last ?? startEngine();
  };
}

/** The engine behind two descriptors: what its host says, and what it is told. */
function attachedEngine(from: number, to: number): Engine {
  return startEngine({
    streams: {
      readable: new Socket({ fd: from, readable: true, writable: false }),
      writable: new Socket({ fd: to, readable: false, writable: true }),
    },
  });
}

/** The host says something only when something is wrong. */
const heard = (text: string): void => log.warn(`engine: ${text.trimEnd()}`);

/** A window has no terminal to ask on. */
function elevated(): ElevatedCommand | { how: 'none'; remedy: Remedy } {
  const means = meansHere(false);
  return elevatedCommand(means, stateDir()) ?? { how: 'none', remedy: { kind: means.launcher ? 'installPkexec' : app.isPackaged ? 'installPackage' : 'sudoStart' } };
}
