// Main's end of the window's IPC: one loop over the contract's calls. A call without a handler, or without checks for
// its arguments, does not compile.
import { ipcMain, type IpcMainInvokeEvent } from 'electron';
import * as z from 'zod';
import type { ErrorCode, Outcome, PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import { MAX_DESTINATIONS, REPORT_FORMS } from '../contract/limits.ts';
import {
  calls,
  channel,
  DROPPED,
  GIVEN_LINK,
  HELP_TEXTS,
  type WindowCalls,
  type WindowNotices,
} from '../contract/window.ts';
import { bays } from '../contract/bays.ts';
import { failure } from '../base/errors.ts';
import { entry, jobId, jobRequest, path } from '../contract/request.ts';
import { settingsChange } from '../contract/settings.ts';
import { stationWish } from '../contract/station.ts';
import { manifestId } from '../contract/values.ts';
import { NEEDS } from './consent.ts';
import { log } from './log.ts';
import { isOurs } from './security.ts';
import { currentWindow } from './window.ts';

type Call = keyof WindowCalls;
type Result<C extends Call> = WindowCalls[C]['result'];

/** Main's handler for each call. Failures are values (`Outcome`); a handler that throws has a bug. */
export type Handlers = { [C in Call]: (...args: WindowCalls[C]['args']) => Result<C> | Promise<Result<C>> };

const none = z.tuple([]);
const destination = z
  .int()
  .nonnegative()
  .max(MAX_DESTINATIONS - 1);
/** Null means the whole job. */
const jobOrOne = destination.nullable();
/** The folder of a download. */
const leftDownload = z.string().regex(/^[0-9a-f]{32}$/u);
const link = z.string().min(1).max(8192);
const parsers: { [C in Call]: z.ZodType<WindowCalls[C]['args']> } = {
  getState: none,
  getSpeeds: none,
  getAbout: none,
  getHelpText: z.tuple([z.enum(HELP_TEXTS)]),
  refreshDisks: none,
  chooseImage: none,
  describeImage: z.tuple([path, entry]),
  findUsage: z.tuple([path]),
  stopUsage: none,
  download: z.tuple([link]),
  stopDownload: none,
  resumeDownload: z.tuple([leftDownload.nullable()]),
  discardDownload: z.tuple([leftDownload.nullable()]),
  keepDownload: z.tuple([z.boolean()]),
  chooseRecent: z.tuple([jobId]),
  openImage: z.tuple([path, entry]),
  openRecorded: z.tuple([jobId, destination]),
  recordedImages: z.tuple([jobId]),
  showFiles: z.tuple([path, z.int().nonnegative().nullable()]),
  closeImage: z.tuple([path]),
  chooseOldImage: none,
  chooseManifest: none,
  chooseNewImage: none,
  review: z.tuple([jobRequest]),
  dismissReview: none,
  start: z.tuple([z.string().max(200)]),
  cancel: z.tuple([jobOrOne]),
  pause: z.tuple([jobOrOne, z.boolean()]),
  throttle: z.tuple([jobOrOne, z.number().nullable()]),
  retry: z.tuple([destination]),
  prepareJoin: z.tuple([path]),
  join: z.tuple([z.string().max(200)]),
  leaveJoin: none,
  forget: z.tuple([jobId]),
  eject: z.tuple([z.array(path).min(1).max(MAX_DESTINATIONS)]),
  dismissJob: none,
  findJobs: z.tuple([z.string().max(1000)]),
  repeatJob: z.tuple([jobId]),
  reportJobs: z.tuple([z.array(jobId).min(1).max(1000), z.enum(REPORT_FORMS)]),
  saveManifest: z.tuple([manifestId]),
  openSaved: z.tuple([path]),
  showSaved: z.tuple([path]),
  showLog: none,
  copyDiagnostics: none,
  changeSettings: z.tuple([settingsChange]),
  getBays: none,
  setBays: z.tuple([bays]),
  proposeStation: z.tuple([stationWish]),
  armStation: z.tuple([z.string().max(200)]),
  stopStation: none,
  skipBay: z.tuple([z.string().max(256)]),
  dismissStation: none,
};

/** The IPC's reports and questions about the user. */
export interface UserInput {
  /** null when the person has just pressed something; otherwise why nobody can have meant this call. */
  pressed(call: Call): Promise<PlatterError | null>;
  /** The person dropped this file on the window. */
  dropped(path: string): void;
  /** The person pasted or dropped this link. */
  gaveLink(link: string): void;
}

/** Answers the window's calls. Those that need a press (NEEDS) are carried out only after one. */
export function setupIpc(handlers: Handlers, person: UserInput): void {
  for (const name of calls) answer(name, handlers[name], parsers[name], person);
  ipcMain.on(DROPPED, (event, ...args: unknown[]) => {
    const parsed = z.tuple([path]).safeParse(args);
    if (isOurs(event) && parsed.success) person.dropped(parsed.data[0]);
  });
  ipcMain.on(GIVEN_LINK, (event, ...args: unknown[]) => {
    const parsed = z.tuple([link]).safeParse(args);
    if (isOurs(event) && parsed.success) person.gaveLink(parsed.data[0]);
  });
}

/** Sends the window a notice, if there is a window. */
export function notify<N extends keyof WindowNotices>(name: N, value: WindowNotices[N]): void {
  currentWindow()?.webContents.send(channel(name), value);
}

function answer<C extends Call>(
  name: C,
  handler: Handlers[C],
  parser: z.ZodType<WindowCalls[C]['args']>,
  person: UserInput,
): void {
  ipcMain.handle(channel(name), async (event: IpcMainInvokeEvent, ...args: unknown[]) => {
    if (!isOurs(event)) return refuse('NOT_PERMITTED', { kind: 'notOurPage', call: name });
    const parsed = parser.safeParse(args);
    if (!parsed.success)
      return refuse('BAD_ARGUMENT', { kind: 'notTheContract', call: name }, z.prettifyError(parsed.error));
    const refused = NEEDS[name] === 'press' ? await person.pressed(name) : null;
    if (refused !== null) return told(refused);
    return handler(...parsed.data);
  });
}

/** The answer to a call that our own page never makes. Nothing was carried out. */
function refuse(code: ErrorCode, reason: Reason, detail = ''): Outcome<never> {
  return told(failure({ code, op: 'check', reason }), detail);
}

function told(error: PlatterError, detail = ''): Outcome<never> {
  log.error(`refused a call of the window: ${error.message} ${detail}`);
  return { ok: false, errors: [error] };
}
