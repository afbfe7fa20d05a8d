// Shares one fact about the engine with the entry point, without loading the code that talks to the engine.

/**
 * True when the engine still runs because a device does not answer. It keeps this process alive until the kernel lets
 * it end.
 */
export const left = { behind: false };
