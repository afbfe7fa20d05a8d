// Imported first by every program of ours. Node answers SIGUSR1 with its inspector: a port at which every user of the
// machine can run code in the process. With a listener of ours the signal does nothing.
process.on('SIGUSR1', () => undefined);

/** For a child process: its Node (22.14 or newer) ignores the signal from the start, before its first line runs. */
export const NO_INSPECTOR = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : [];
