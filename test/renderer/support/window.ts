// The built page in Debian's Chromium, with main played by this process: it answers the contract's calls, keeps
// the state over reloads and pushes snapshots, as Electron's main would.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { KeptBay } from '../../../app/contract/bays.ts';
import type { SourceDownload } from '../../../app/contract/downloads.ts';
import type { Outcome, PlatterError } from '../../../app/contract/errors.ts';
import type { Described } from '../../../app/contract/disk-content.ts';
import type { Plan, Usage } from '../../../app/contract/jobs.ts';
import type { OpenedFolder } from '../../../app/contract/opened-images.ts';
import type { JobRecord } from '../../../app/contract/records.ts';
import type { SettingsChange } from '../../../app/contract/settings.ts';
import type { StationState, StationWish } from '../../../app/contract/station.ts';
import {
  calls,
  type AppState,
  type HelpText,
  type JobView,
  type RecentImage,
  type SpeedHistory,
  type WindowCalls,
} from '../../../app/contract/window.ts';
import type { JobRequest } from '../../../app/contract/request.ts';
import { located, switchedOff } from '../../../app/view/drives.ts';
import { noSpeeds } from '../../../app/view/speeds.ts';
import { keep, type KeptRequest } from '../../../app/base/kept-request.ts';
import { appState, failure } from './fixtures.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const PAGE = here('../../../out/renderer');
const PICTURES = here('../../../artifacts/renderer');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

// The policy that main sends with the page. The page's own <meta> adds nothing.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Plays main: state, a record of every call, and answers that a test can set. */
export class FakeMain {
  readonly log: { name: keyof WindowCalls; args: unknown[] }[] = [];
  /** The answer to `review`: a plan, or the reasons against it. */
  reviewed: Outcome<Plan> = { ok: false, errors: [] };
  /** The answer to `start`. On success the job below runs. */
  started: Outcome<null> = { ok: true, value: null };
  /** The answer to pause, throttle, retry and forget. */
  controlled: Outcome<null> = { ok: true, value: null };
  /** Nothing is answered to `retry` before it resolves. */
  beforeRetry: Promise<void> = Promise.resolve();
  jobToRun: JobView | null = null;
  image: string | null = null;
  /** The answer to `describeImage`. */
  described: Outcome<Described> = { ok: false, errors: [] };
  /** What `openImage` opens. */
  opened: OpenedFolder | null = null;
  /** The answer to `recordedImages`. */
  existing: number[] = [];
  /** The answer to `findUsage`. null: it comes when the search is stopped. */
  usageFound: Outcome<Usage> | null = null;
  #stopFinding: () => void = () => undefined;
  /** The answer to `chooseRecent`. null: the image exists. */
  recentTaken: Outcome<RecentImage> | null = null;
  /** The download that begins. */
  downloaded: SourceDownload | null = null;
  /** The same for a file of an archive, by its name. */
  describedEntries: Record<string, Outcome<Described>> = {};
  manifest: string | null = null;
  newImage: string | null = null;
  history: JobRecord[] = [];
  bays: KeptBay[] = [];
  /** The station that `armStation` arms. */
  stationToArm: StationState = null;
  speeds: SpeedHistory = noSpeeds;
  /** Set: every call throws, as with a broken IPC. */
  broken: string | null = null;
  state: AppState;
  #page: Page | null = null;

  constructor(state: AppState) {
    this.state = located({ ...state, job: null }, state);
  }

  attach(page: Page): void {
    this.#page = page;
  }

  /** Changes the state and pushes it to the page. */
  async push(more: Partial<AppState>): Promise<void> {
    this.state = located(this.state, { ...this.state, ...more });
    await this.#page?.evaluate((state) => {
      for (const listener of window.stateListeners) listener(state);
    }, this.state);
  }

  /** Names of the calls so far, without a page's first calls and those about the content of an image. */
  names(): string[] {
    return this.log
      .map(({ name }) => name)
      .filter((name) => !['getState', 'getSpeeds', 'describeImage'].includes(name));
  }

  /** Arguments of each call of that name. */
  asked(name: keyof WindowCalls): unknown[][] {
    return this.log.filter((call) => call.name === name).map(({ args }) => args);
  }

  /** The request of the last review, in the flat form of files. */
  lastRequest(): KeptRequest | undefined {
    const request = this.log.findLast(({ name }) => name === 'review')?.args[0] as JobRequest | undefined;
    return request && keep(request);
  }

  /** The station that `proposeStation` proposes. */
  proposal(wish: StationWish): StationState {
    const bays = this.bays.flatMap(({ port, name }, index) =>
      wish.bays.includes(port) ? [{ port, name, number: index + 1 }] : [],
    );
    return { phase: 'proposed', id: `station ${String(this.asked('proposeStation').length)}`, plan: { ...wish, bays } };
  }

  async handle(name: keyof WindowCalls, args: unknown[]): Promise<unknown> {
    this.log.push({ name, args });
    if (this.broken !== null) throw new Error(this.broken);
    switch (name) {
      case 'getState':
        return this.state;
      case 'getAbout':
        return { version: '0.1.0', electron: '45.4.1', chrome: '150.0', node: '24.15.0' };
      case 'getHelpText':
        return {
          manual: '# Platter\n\nCopies `disks`.\n\n## Install\n\n```\nplatter copy\n```\n',
          licence: 'MIT License',
          notices: 'svelte 5, MIT',
        }[args[0] as HelpText];
      case 'getSpeeds':
        return this.speeds;
      case 'chooseImage':
      case 'chooseOldImage':
        return this.image;
      case 'describeImage':
        return this.describedEntries[String(args[1])] ?? this.described;
      case 'findUsage':
        if (this.usageFound === null) await new Promise<void>((stopped) => (this.#stopFinding = stopped));
        return this.usageFound ?? refuse(failure('CANCELLED'));
      case 'stopUsage':
        this.#stopFinding();
        return null;
      case 'download':
      case 'resumeDownload':
        if (this.controlled.ok) await this.push({ download: this.downloaded });
        return this.controlled;
      case 'stopDownload':
        if (this.state.download !== null) await this.push({ download: { ...this.state.download, state: 'stopped' } });
        return null;
      case 'discardDownload':
        await this.push(
          args[0] === null ? { download: null } : { left: this.state.left.filter(({ id }) => id !== args[0]) },
        );
        return this.controlled;
      case 'keepDownload':
        if (this.state.download !== null)
          await this.push({ download: { ...this.state.download, isKept: args[0] === true } });
        return this.controlled;
      case 'chooseRecent':
        return this.recentTaken ?? { ok: true, value: this.state.recent.find(({ job }) => job === args[0]) };
      case 'openImage':
        if (this.opened !== null)
          await this.push({ openImages: [{ ...this.opened, path: String(args[0]), entry: args[1] as string | null }] });
        return this.controlled;
      case 'openRecorded':
      case 'showFiles':
        return this.controlled;
      case 'recordedImages':
        return this.existing;
      case 'closeImage':
        if (this.controlled.ok)
          await this.push({ openImages: this.state.openImages.filter(({ folder }) => folder !== args[0]) });
        return this.controlled;
      case 'chooseManifest':
        return this.manifest;
      case 'chooseNewImage':
        return this.newImage;
      case 'review':
        if (!this.reviewed.ok) return this.reviewed;
        await this.push({ review: { id: `review ${this.asked('review').length}`, plan: this.reviewed.value } });
        return { ok: true, value: this.state.review };
      case 'dismissReview':
        await this.push({ review: null });
        return null;
      case 'start':
        if (this.started.ok) await this.push({ review: null, job: this.jobToRun });
        // Without consent the review stays.
        else if (this.started.errors.some(({ code }) => code !== 'CONFIRM')) await this.push({ review: null });
        return this.started;
      case 'cancel':
        if (this.state.job !== null && args[0] === null)
          await this.push({ job: { ...this.state.job, phase: 'cancelling' } });
        return null;
      case 'dismissJob':
        await this.push({ job: null });
        return null;
      case 'refreshDisks':
      case 'copyDiagnostics':
        return null;
      case 'openSaved':
      case 'showSaved':
        return this.controlled;
      case 'showLog':
        return '/state/platter.log';
      case 'findJobs': {
        const records = this.history.filter((record) =>
          JSON.stringify(record).toLowerCase().includes(String(args[0]).toLowerCase()),
        );
        return { ok: true, value: { records, found: records.length, unreadable: 0 } };
      }
      case 'repeatJob':
        return { ok: true, value: this.history.find(({ id }) => id === args[0]) };
      case 'reportJobs':
        return { ok: true, value: `/reports/report.${String(args[1])}` };
      case 'saveManifest':
        return { ok: true, value: '/reports/disk.manifest' };
      case 'changeSettings': {
        const change = args[0] as SettingsChange;
        const settings = {
          ...this.state.settings,
          ...change,
          defaults: { ...this.state.settings.defaults, ...change.defaults },
        };
        const language = settings.language === 'system' ? 'en' : settings.language;
        if (this.controlled.ok) await this.push({ settings, language, settingsError: null });
        return this.controlled;
      }
      case 'prepareJoin':
        if (!this.reviewed.ok) return this.reviewed;
        await this.push({ joining: { id: `join ${this.asked('prepareJoin').length}`, plan: this.reviewed.value } });
        return { ok: true, value: this.state.joining };
      case 'join':
        if (this.started.ok) await this.push({ joining: null });
        return this.started;
      case 'leaveJoin':
        await this.push({ joining: null });
        return null;
      case 'retry':
        await this.beforeRetry;
        return this.controlled;
      case 'getBays':
        return { ok: true, value: this.bays };
      case 'setBays':
        if (this.controlled.ok) this.bays = args[0] as KeptBay[];
        return this.controlled;
      case 'proposeStation':
        if (this.controlled.ok) await this.push({ station: this.proposal(args[0] as StationWish) });
        return this.controlled;
      case 'armStation':
        if (this.controlled.ok) await this.push({ station: this.stationToArm });
        return this.controlled;
      case 'stopStation':
        if (this.state.station !== null && this.state.station.phase !== 'proposed')
          await this.push({ station: { ...this.state.station, phase: 'stopped', reason: { kind: 'stationStopped' } } });
        return null;
      case 'skipBay':
        return null;
      case 'dismissStation':
        await this.push({ station: null });
        return null;
      case 'pause':
      case 'throttle':
        return this.controlled;
      case 'eject':
        for (const path of this.controlled.ok ? (args[0] as string[]) : [])
          await this.push({ drives: switchedOff(this.state, this.state, path) });
        return this.controlled;
      case 'forget':
        await this.push({ interrupted: this.state.interrupted.filter(({ id }) => id !== args[0]) });
        return this.controlled;
    }
  }
}

declare global {
  interface Window {
    stateListeners: ((state: AppState) => void)[];
    askMain(name: string, args: unknown[]): Promise<unknown>;
  }
}

/** Runs in the page before its scripts: what the preload would put there. */
function preload(names: readonly string[]): void {
  window.stateListeners = [];
  const bridge: Record<string, unknown> = {
    onState: (listener: (state: AppState) => void) => {
      window.stateListeners.push(listener);
      return () => {
        window.stateListeners = window.stateListeners.filter((each) => each !== listener);
      };
    },
    onProgress: () => () => undefined, // tests push only whole states
    pathOf: (file: File) => `/dropped/${file.name}`,
  };
  for (const name of names) bridge[name] = (...args: unknown[]) => window.askMain(name, args);
  Object.assign(window, { platter: bridge });
}

/** An open window. `problems` collects console errors, uncaught exceptions and CSP violations. */
export interface OpenWindow {
  page: Page;
  main: FakeMain;
  problems: string[];
  /** Keeps a picture in artifacts/renderer. */
  picture(name: string): Promise<void>;
}

export interface WindowOptions {
  state?: Partial<AppState>;
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
  reducedMotion?: boolean;
  /** In a page of its own: for a test that sets what outlives a reload, as the clock or a permission. */
  alone?: boolean;
}

/** A page, and the main and the problems of the window that it shows now. */
interface Shown {
  page: Page;
  main: FakeMain;
  problems: string[];
}

/** One browser and one server for a test file. */
export class Windows {
  readonly #browser: Browser;
  readonly #server: Server;
  /** The page of all windows that are not alone. Another page is another process, which costs three times a load. */
  #common: Shown | null = null;

  private constructor(browser: Browser, server: Server) {
    this.#browser = browser;
    this.#server = server;
  }

  static async start(): Promise<Windows> {
    if (!existsSync(join(PAGE, 'index.html')))
      throw new Error('out/renderer is missing: run `node build/bundle.mjs` first.');
    await mkdir(PICTURES, { recursive: true });
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
      if (path === '/favicon.ico') {
        response.writeHead(204).end();
        return;
      }
      if (path === '/blank') {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end();
        return;
      }
      readFile(join(PAGE, path === '/' ? 'index.html' : path)).then(
        (body) =>
          response
            .writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'text/html', 'Content-Security-Policy': POLICY })
            .end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    return new Windows(browser, server);
  }

  async open({
    state = {},
    width = 1200,
    height = 800,
    scheme = 'light',
    reducedMotion = false,
    alone = false,
  }: WindowOptions = {}): Promise<OpenWindow> {
    const main = new FakeMain(appState(state));
    const problems: string[] = [];
    const shown = (alone ? null : this.#common) ?? (await this.#newPage({ main, problems }));
    if (!alone) this.#common = shown;
    Object.assign(shown, { main, problems });
    const { page } = shown;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: reducedMotion ? 'reduce' : 'no-preference' });
    main.attach(page);
    await page.goto(this.#address('/'));
    await page.waitForFunction(() => document.querySelector('main h2') !== null);
    const picture = async (name: string): Promise<void> => {
      await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    };
    return { page, main, problems, picture };
  }

  async #newPage(first: Omit<Shown, 'page'>): Promise<Shown> {
    const page = await (await this.#browser.newContext()).newPage();
    const shown = { page, ...first };
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') shown.problems.push(message.text());
    });
    page.on('pageerror', (error) => shown.problems.push(String(error)));
    await page.exposeFunction('askMain', (name: keyof WindowCalls, args: unknown[]) => shown.main.handle(name, args));
    await page.addInitScript(preload, calls);
    return shown;
  }

  /** Ends a window. Nothing of it runs on, and the next one begins with the mouse outside and no key held. */
  async close({ page }: OpenWindow): Promise<void> {
    if (page !== this.#common?.page) {
      await page.context().close();
      return;
    }
    await page.mouse.up();
    await page.mouse.move(0, 0);
    for (const key of ['Space', 'Shift', 'Control', 'Alt']) await page.keyboard.up(key);
    await page.goto(this.#address('/blank'));
  }

  /** Draws a page of HTML, as wide as the widest picture, into a file. */
  async draw(html: string, file: string): Promise<void> {
    const page = await this.#browser.newPage({ viewport: { width: 1920, height: 200 } });
    await page.setContent(html);
    await page.screenshot({ path: file, fullPage: true });
    await page.close();
  }

  #address(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** Refuses a review, one error a destination. */
export const refuse = (...errors: PlatterError[]): { ok: false; errors: PlatterError[] } => ({ ok: false, errors });
