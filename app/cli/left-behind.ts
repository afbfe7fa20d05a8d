// The one thing that the entry has to know of an engine, without loading the code that talks to it.

/** Whether the engine could not be waited for. It holds this process until the kernel lets it end. */
export const left = { behind: false };
