// How main reaches the engine host: started from here, or, when root opened the window for an ordinary user, over
// the two descriptors the launcher left open.
import { Socket } from 'node:net';
import { startEngine, type Engine } from '../engine/client.ts';

/** Gives the function that connects to the host. A host that the launcher gave cannot be started again from here. */
export function engineConnector(env: NodeJS.ProcessEnv): () => Engine {
  const descriptors = env.PLATTER_HOST_FDS?.split(',').map(Number);
  if (descriptors === undefined) return () => startEngine();
  const [from, to] = descriptors;
  const engine = startEngine({
    streams: {
      readable: new Socket({ fd: from, readable: true, writable: false }),
      writable: new Socket({ fd: to, readable: false, writable: true }),
    },
  });
  return () => engine;
}
