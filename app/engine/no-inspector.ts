// Imported first by every program of ours. Node answers SIGUSR1 with its inspector: a port at which every user of the
// machine can run code in the process. With a listener of ours the signal does nothing.
process.on('SIGUSR1', () => undefined);
