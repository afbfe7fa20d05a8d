// Electron's main process.
import '../base/no-inspector.ts';
import { app, clipboard, nativeTheme, powerMonitor, shell } from 'electron';
import { join } from 'node:path';
import type { SettingsState } from '../contract/settings.ts';
import type { AppState, SpeedHistory } from '../contract/window.ts';
import { logEvent, logStart } from '../records/log.ts';
import { noSpeeds, withPoint } from '../view/speeds.ts';
import { speakWith } from '../words/speech.ts';
import { registerScheme, setupContent } from './page-files.ts';
import { about, diagnostics, LOG_LINES } from './diagnostics.ts';
import { chooseImage, chooseManifest, chooseNewImage, chooseNewManifest, chooseOldImage } from './dialogs.ts';
import { setupDiskWatch } from './disk-watch.ts';
import { SourceDownloads } from './downloads.ts';
import { connectEngine } from './engine.ts';
import { notGiven } from './granted-files.ts';
import { readHelpText } from './help-texts.ts';
import { findJob, findJobs, keepJob, lastJob, newestJobs, reportJobs } from './history.ts';
import { notify, setupIpc, type Handlers } from './ipc.ts';
import { Jobs } from './jobs.ts';
import { endWith, log, setupLog } from './log.ts';
import { stateNotices } from './notices.ts';
import { setupNotifications } from './notifications.ts';
import { imagesOf, OpenImages } from './open-images.ts';
import { openedImage } from './open-with.ts';
import { RENDERER } from './paths.ts';
import { setupPerson, type WindowUser } from './person.ts';
import { setupQuit } from './quit.ts';
import { RecentImages } from './recent-images.ts';
import { closeNetwork, setupSecurity } from './security.ts';
import { SavedFiles } from './saved-files.ts';
import { SettingsStore } from './settings.ts';
import { setupSleep } from './keep-awake.ts';
import { setupStation } from './station/setup.ts';
import { refused } from './station/refused.ts';
import type { Station } from './station/station.ts';
import { setupTaskbar } from './taskbar.ts';
import { setupMenu, showWindow } from './window.ts';

if (process.getuid?.() === 0) {
  console.error(
    'platter: the window does not run as root. Use `npm start`: as root it opens the window as an ordinary user.',
  );
  app.exit(2);
} else if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  app.enableSandbox();
  setupLog();
  registerScheme();
  closeNetwork();
  run().catch((error: unknown) => {
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return endWith(1);
  });
}

/** Sets up every part of main and joins them. One long list on purpose: most parts need those above them. */
async function run(): Promise<void> {
  // Checkouts show loop devices for experiments; users of a package have drives.
  const loopDevices = !app.isPackaged || process.env.PLATTER_LOOP_DEVICES === '1';
  const state = (): AppState => ({
    ...jobs.state,
    ...settings.state,
    station: station.state,
    download: downloads.current,
    left: downloads.left,
    recent: recent.current,
    openImages: images.current,
  });
  const person = setupPerson(state);
  let speeds = noSpeeds;
  const tell: typeof notify = (name, value) => {
    notify(name, value);
    person.stateSent(state());
  };
  const keepAwake = setupSleep();
  const publish = stateNotices(tell, [
    setupNotifications(() => settings.state.settings),
    setupTaskbar(),
    (job) => keepAwake(job, station.isArmed),
    (job) => void (speeds = withPoint(speeds, job)),
  ]);
  const apply = (now: SettingsState): void => {
    nativeTheme.themeSource = now.settings.theme;
    publish(state());
  };
  const settings = new SettingsStore(
    join(app.getPath('userData'), 'settings.json'),
    app.getPreferredSystemLanguages(),
    apply,
  );
  const downloads = new SourceDownloads({
    changed: () => publish(state()),
    granted: (path) => person.grants.read(path),
    patience: () => settings.state.settings.defaults.stallTimeout,
  });
  const recent = new RecentImages(newestJobs, () => publish(state()));
  const jobs = new Jobs(
    connectEngine,
    () => {
      station.see();
      publish(state());
    },
    loopDevices,
    {
      started: (job) => logStart(log, job),
      onEvent: (event, job) => logEvent(log, event, job),
      keep: async (job) => {
        const kept = await keepJob(job);
        await downloads.ended(job);
        void recent.refresh();
        return kept;
      },
    },
    person,
  );
  const station = setupStation(jobs, person, () => publish(state()));
  const images = new OpenImages({
    open: (path, entry) => jobs.ask('openImage', { path, entry }),
    close: (folder) => jobs.ask('closeImage', { folder }),
    show: (folder) => shell.openPath(folder),
    changed: () => publish(state()),
  });
  speakWith(() => settings.state.language);
  // Starts the engine host and its first list in parallel with Chromium, which takes as long.
  const disksKnown = setupDiskWatch(jobs);
  await app.whenReady();
  await settings.load();
  void recent.refresh();
  void downloads.lookForLeft();
  setupSecurity();
  setupContent(RENDERER);
  setupMenu();
  powerMonitor.on('suspend', () => station.stop({ kind: 'stationSlept' }));
  powerMonitor.on('resume', () => station.stop({ kind: 'stationSlept' }));
  setupQuit(jobs, images);
  setupIpc(
    handlersOf({ jobs, station, recent, downloads, images, settings, person, disksKnown, state, speeds: () => speeds }),
    person,
  );
  const open = (argv: readonly string[], workingDirectory: string): void => {
    const image = openedImage(argv, workingDirectory, app.isPackaged ? null : app.getAppPath());
    if (image === null) return;
    person.grants.read(image);
    jobs.open(image);
  };
  app.on('second-instance', (_event, argv, workingDirectory) => {
    open(argv, workingDirectory);
    showWindow();
  });
  open(process.argv, process.cwd());
  showWindow();
}

/** The parts of main that the window's calls use. */
interface Main {
  jobs: Jobs;
  station: Station;
  recent: RecentImages;
  downloads: SourceDownloads;
  images: OpenImages;
  settings: SettingsStore;
  person: WindowUser;
  /** Resolves when the first list of disks is there. */
  disksKnown: Promise<unknown>;
  state: () => AppState;
  speeds: () => SpeedHistory;
}

/**
 * The handler for each call of the window. It is a table with a row for each call, so its length is that of the
 * contract.
 */
function handlersOf({
  jobs,
  station,
  recent,
  downloads,
  images,
  settings,
  person,
  disksKnown,
  state,
  speeds,
}: Main): Handlers {
  const { grants } = person;
  const saved = new SavedFiles({ open: (path) => shell.openPath(path), show: (path) => shell.showItemInFolder(path) });
  /** Grants the files that the user chose in a dialog. */
  const given =
    (use: 'read' | 'write') =>
    (path: string | null): string | null => {
      if (path !== null) grants[use](path);
      return path;
    };
  return {
    getState: () => disksKnown.then(() => person.answered(state())),
    getSpeeds: speeds,
    getAbout: about,
    getHelpText: (name) => readHelpText(name),
    refreshDisks: () => Promise.all([jobs.refresh(), recent.refresh(), downloads.lookForLeft()]).then(() => null),
    chooseImage: () => chooseImage().then(given('read')),
    describeImage: (path, entry) =>
      grants.isReadable(path) ? jobs.ask('describe', { path, entry }) : { ok: false, errors: [notGiven(path)] },
    findUsage: (path) =>
      grants.isReadable(path) || jobs.state.disks.some((disk) => disk.path === path)
        ? jobs.ask('usage', { path })
        : { ok: false, errors: [notGiven(path)] },
    stopUsage: () => jobs.ask('stopUsage', {}).then(() => null),
    download: async (link) => {
      const refused = await person.mayFetch(link);
      return refused === null ? downloads.begin(link) : { ok: false, errors: [refused] };
    },
    stopDownload: () => downloads.stop().then(() => null),
    resumeDownload: (left) => (left === null ? downloads.again() : downloads.continueLeft(left)),
    discardDownload: (left) => (left === null ? downloads.discard() : downloads.discardLeft(left)),
    keepDownload: (isKept) => downloads.keep(isKept),
    chooseRecent: async (job) => {
      const found = await recent.take(job);
      if (!found.ok) return found;
      const { path, origin } = found.value;
      grants.read(path);
      if (origin === null) return found;
      await downloads.repeated({ origin, source: { path } });
      return { ok: true, value: { ...found.value, isThere: downloads.current?.path === path } };
    },
    openImage: (path, entry) =>
      grants.isReadable(path) ? images.open(path, entry) : { ok: false, errors: [notGiven(path)] },
    openRecorded: async (job, destination) => {
      const found = await findJob(job);
      if (!found.ok) return found;
      const end = found.value.destinations[destination];
      return end?.kind === 'file' ? images.open(end.path, null) : { ok: false, errors: [notGiven(end?.path ?? null)] };
    },
    recordedImages: async (job) => {
      const found = await findJob(job);
      return found.ok ? imagesOf(found.value) : [];
    },
    showFiles: (folder, partition) => images.show(folder, partition),
    closeImage: (folder) => images.close(folder),
    chooseOldImage: () => chooseOldImage().then(given('write')),
    chooseManifest: () => chooseManifest().then(given('read')),
    chooseNewImage: () => chooseNewImage().then(given('write')),
    review: (request) => {
      if (station.isArmed) return refused('stationArmed');
      station.dismissProposal();
      return jobs.review(request);
    },
    dismissReview: () => jobs.dismissReview().then(() => null),
    start: (id) => (station.isArmed ? refused('stationArmed') : jobs.start(id)),
    cancel: (destination) => jobs.cancel(destination).then(() => null),
    pause: (destination, paused) => jobs.pause(destination, paused),
    throttle: (destination, bytesPerSecond) => jobs.throttle(destination, bytesPerSecond),
    retry: (destination) => (station.isArmed ? refused('stationArmed') : jobs.retry(destination)),
    prepareJoin: (path) => (station.isArmed ? refused('stationArmed') : jobs.joins.prepare(path)),
    join: (id) => (station.isArmed ? refused('stationArmed') : jobs.joins.join(id)),
    leaveJoin: () => jobs.joins.leave().then(() => null),
    forget: async (job) => {
      const forgotten = await jobs.forget(job);
      return forgotten.ok ? downloads.removeForgotten(forgotten.value) : forgotten;
    },
    eject: (paths) => jobs.eject(paths),
    // An armed station needs the ended job until it is counted, and replaces it itself.
    dismissJob: () => (station.isArmed ? null : jobs.dismissJob().then(() => null)),
    findJobs,
    repeatJob: async (id) => {
      const found = await findJob(id);
      if (found.ok) {
        grants.job(found.value);
        await downloads.repeated(found.value);
      }
      return found;
    },
    reportJobs: (ids, form) => reportJobs(ids, form).then((outcome) => saved.remember(outcome)),
    saveManifest: async (manifest) => {
      const path = await chooseNewManifest(manifest);
      if (path === null) return { ok: true, value: null };
      const done = await jobs.ask('saveManifest', { manifest, path });
      return saved.remember(done.ok ? { ok: true, value: path } : done);
    },
    openSaved: (path) => saved.open(path),
    showSaved: (path) => saved.show(path),
    showLog: () => {
      shell.showItemInFolder(log.path);
      return log.path;
    },
    copyDiagnostics: async () => {
      await clipboard.writeText(
        diagnostics({
          disks: jobs.state.disks,
          last: await lastJob(),
          logPath: log.path,
          logLines: await log.tail(LOG_LINES),
        }),
      );
      return null;
    },
    changeSettings: (change) => settings.change(change),
    getBays: () => jobs.ask('bays', {}),
    setBays: (bays) => {
      station.stop({ kind: 'stationBays' });
      station.dismissProposal();
      return jobs.setBays(bays);
    },
    proposeStation: async (wish) => {
      const errors = grants.refusals({ ...wish.request, destinations: [] }, jobs.state.disks);
      if (errors.length > 0) return { ok: false, errors };
      if (jobs.running) return refused('stationJobRuns');
      await jobs.dismissReview();
      const known = await jobs.ask('bays', {});
      return known.ok ? station.propose(wish, known.value) : known;
    },
    armStation: async (id) => {
      const armed = await station.arm(id);
      // The source of the whole batch must outlive its first job.
      if (armed.ok && downloads.current?.state === 'whole') await downloads.keep(true);
      return armed;
    },
    stopStation: () => {
      station.stop({ kind: 'stationStopped' });
      return null;
    },
    skipBay: (port) => {
      station.skip(port);
      return null;
    },
    dismissStation: () => {
      station.dismiss();
      return null;
    },
  };
}
