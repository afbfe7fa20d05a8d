// How the engine host ended, worded as the second half of a sentence.
import type { End } from '../../../contract/facts.ts';

export const ends = {
  closed: 'it has been closed',
  early: 'it ended before it was done',
  protocol: 'it broke the protocol ({said})',
  notInProtocol: 'it said something that the protocol does not have',
  otherProtocol: 'it is of another version of Platter (protocol {protocol})',
  unasked: 'it answered a request that nobody made',
  notStarted: 'it could not be started, or it ended: {said}',
  exitCode: 'it ended with exit code {code}',
  signal: 'it was killed by {signal}',
  outputClosed: 'it closed its output',
  outputEnded: 'its output was closed',
  outputFailed: 'its output failed: {said}',
  inputFailed: 'its input failed: {said}',
} as const satisfies Record<End['kind'], string>;
