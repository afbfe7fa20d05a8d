// Makes sentences of the host's facts in the window's language, with the window's figures.
import type { Bay, Port } from '../contract/bays.ts';
import type { Disk } from '../contract/disks.ts';
import type { FailureFacts } from '../contract/errors.ts';
import type { Content, Note, Reason, Socket } from '../contract/facts.ts';
import { STANDARD_INPUT } from '../contract/request-facts.ts';
import { exactBytes, longMoment, placeShort, size } from './figures.ts';
import { baseName } from './short-names.ts';
import { catalogues, language, locale, say } from './speech.ts';
import { factSentence, type Speaker } from './fact-sentences.ts';

const figures: Speaker['figures'] = {
  bytes: exactBytes,
  size,
  place: ({ offset }) => placeShort(offset),
  time: longMoment,
};

const window = (): Speaker => ({ words: catalogues[language()], locale: locale(), figures });

/** An error as shown: what happened, and what to do. */
export const sayError = ({
  reason,
  remedy,
}: Pick<FailureFacts, 'reason' | 'remedy'>): { message: string; advice: string } => ({
  message: factSentence('reasons', reason, window()),
  advice: factSentence('remedies', remedy, window()),
});

/** Why a disk cannot be written to; null when it can. */
export const sayLock = ({ locked }: Pick<Disk, 'locked'>): string | null =>
  locked === null ? null : factSentence('reasons', locked.reason, window());

/** A reason by itself. */
export const sayReason = (reason: Reason): string => factSentence('reasons', reason, window());

/** A note on a job. */
export const sayNote = (note: Note): string => factSentence('notes', note, window());

/** The origin of a downloaded source file. */
export const sayOrigin = (origin: string): string => (origin === STANDARD_INPUT ? say('common.standardInput') : origin);

/** One thing on a disk. */
export const sayContent = (content: Content): string => factSentence('contents', content, window());

/** The path to a socket: "USB bus 1, hub 2, port 3". */
export const saySockets = (sockets: readonly Socket[]): string =>
  sockets.map((socket) => factSentence('sockets', socket, window())).join(', ');

/** "Bay 6", or the user's name for it. */
export const sayBay = ({ number, name }: Bay): string =>
  name ?? factSentence('sockets', { kind: 'bay', number: String(number) }, window());

/** The name that a person looks for: the bay of a drive, or else the last part of its path. */
export function sayPlace({ path, port }: { path: string; port: Port | null }): string {
  const bay = port?.bay ?? null;
  return bay === null ? baseName(path) : sayBay(bay);
}

/** Where a drive is plugged in. */
export const sayPort = ({ sockets }: Pick<Port, 'sockets'>): string => saySockets(sockets);

/** The path in short: "hub 2 · 3". The bus is left out when anything follows it. */
export function sayPortShort({ sockets }: Pick<Port, 'sockets'>): string {
  const [first, ...rest] = sockets;
  if (first === undefined) return '';
  const near = first.kind === 'usbBus' && rest.length > 0 ? rest : sockets;
  return near
    .map((socket, index) => (index > 0 && socket.kind === 'port' ? socket.number : saySockets([socket])))
    .join(' · ');
}
