// Imported first by each of our programs. On SIGUSR1, Node opens its inspector: a port through which every user of the
// machine can run code in the process. With a listener of ours, the signal does nothing.
process.on('SIGUSR1', () => undefined);

/** For a child process: makes its Node (22.14 or newer) ignore the signal before its first line runs. */
export const NO_INSPECTOR = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') ? ['--disable-sigusr1'] : [];
