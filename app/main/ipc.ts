// Main's end of the window's IPC: one loop over the contract's calls, so that a call without a handler, or with
// arguments nobody checks, does not compile.
import { ipcMain, type IpcMainInvokeEvent } from 'electron';
import * as z from 'zod';
import type { ErrorCode, Outcome } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import { MAX_DESTINATIONS } from '../contract/jobs.ts';
import { REPORT_FORMS } from '../contract/records.ts';
import { calls, channel, type WindowCalls, type WindowNotices } from '../contract/window.ts';
import { failure } from '../engine/errors.ts';
import { copyRequest, jobId, manifestId } from '../engine/schema.ts';
import { log } from './log.ts';
import { isOurs } from './security.ts';
import { settingsChange } from './settings.ts';
import { currentWindow } from './window.ts';

type Call = keyof WindowCalls;
type Result<C extends Call> = WindowCalls[C]['result'];

/** What main does for each call. Failures are values (`Outcome`); a handler that throws is a bug. */
export type Handlers = { [C in Call]: (...args: WindowCalls[C]['args']) => Result<C> | Promise<Result<C>> };

const none = z.tuple([]);
const destination = z.int().nonnegative().max(MAX_DESTINATIONS - 1);
/** Null is the whole job. */
const jobOrOne = destination.nullable();
const parsers: { [C in Call]: z.ZodType<WindowCalls[C]['args']> } = {
  getState: none,
  getSpeeds: none,
  refreshDisks: none,
  chooseImage: none,
  chooseManifest: none,
  chooseNewImage: none,
  review: z.tuple([copyRequest]),
  dismissReview: none,
  start: none,
  cancel: z.tuple([jobOrOne]),
  pause: z.tuple([jobOrOne, z.boolean()]),
  throttle: z.tuple([jobOrOne, z.number().nullable()]),
  retry: z.tuple([destination]),
  forget: z.tuple([jobId]),
  eject: z.tuple([copyRequest.shape.destinations.element]),
  dismissJob: none,
  findJobs: z.tuple([z.string().max(1000)]),
  reportJobs: z.tuple([z.array(jobId).min(1).max(1000), z.enum(REPORT_FORMS)]),
  saveManifest: z.tuple([manifestId]),
  showLog: none,
  copyDiagnostics: none,
  changeSettings: z.tuple([settingsChange]),
};

/** Answers the window's calls. */
export function setupIpc(handlers: Handlers): void {
  for (const name of calls) answer(name, handlers[name], parsers[name]);
}

/** Tells the window something it did not ask for, if there is a window. */
export function notify<N extends keyof WindowNotices>(name: N, value: WindowNotices[N]): void {
  currentWindow()?.webContents.send(channel(name), value);
}

function answer<C extends Call>(name: C, handler: Handlers[C], parser: z.ZodType<WindowCalls[C]['args']>): void {
  ipcMain.handle(channel(name), (event: IpcMainInvokeEvent, ...args: unknown[]) => {
    if (!isOurs(event)) return refuse('NOT_PERMITTED', { kind: 'notOurPage', call: name });
    const parsed = parser.safeParse(args);
    if (!parsed.success) return refuse('BAD_ARGUMENT', { kind: 'notTheContract', call: name }, z.prettifyError(parsed.error));
    return handler(...parsed.data);
  });
}

/** The answer to what our own page never does. Nothing was carried out. */
function refuse(code: ErrorCode, reason: Reason, detail = ''): Outcome<never> {
  const error = failure({ code, op: 'check', reason });
  log.error(`refused a call of the window: ${error.message} ${detail}`);
  return { ok: false, errors: [error] };
}
