// Restricts the window (no navigation, no windows, no permissions, no network), and checks who sends messages to main.
import { app, session, type IpcMainEvent, type IpcMainInvokeEvent } from 'electron';
import { isAppUrl } from './page-files.ts';
import { currentWindow } from './window.ts';

/**
 * Turns off Chromium's own use of the network. The rest of it resolves no name and asks no proxy; pages are also
 * stopped by their content policy and by `setupSecurity`. Call before `ready`.
 */
export function closeNetwork(): void {
  const { commandLine } = app;
  for (const name of [
    'disable-background-networking',
    'disable-component-update',
    'disable-domain-reliability',
    'disable-breakpad',
    'disable-sync',
    'no-pings',
    'dns-prefetch-disable',
    'no-proxy-server',
  ])
    commandLine.appendSwitch(name);
  commandLine.appendSwitch('host-resolver-rules', 'MAP * ~NOTFOUND');
  commandLine.appendSwitch('force-webrtc-ip-handling-policy', 'disable_non_proxied_udp');
}

/** Denies everything except showing our page. Call after `ready`, before the first window. */
export function setupSecurity(): void {
  const deny = (event: { preventDefault(): void }): void => event.preventDefault();
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-frame-navigate', (event) => {
      if (!event.isMainFrame || !isAppUrl(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', deny);
    contents.on('will-attach-webview', deny);
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });

  const { defaultSession } = session;
  // The spell checker would download its dictionaries.
  defaultSession.setSpellCheckerEnabled(false);
  defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  defaultSession.setPermissionCheckHandler(() => false);
  defaultSession.setDevicePermissionHandler(() => false);
  defaultSession.on('will-download', deny);
  const elsewhere = { urls: ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'file:///*'] };
  defaultSession.webRequest.onBeforeRequest(elsewhere, (_details, answer) => answer({ cancel: true }));
}

/** True when a message comes from our window's main frame and that frame shows our page. */
export function isOurs({ sender, senderFrame }: IpcMainInvokeEvent | IpcMainEvent): boolean {
  return (
    sender === currentWindow()?.webContents &&
    senderFrame !== null &&
    senderFrame === sender.mainFrame &&
    isAppUrl(senderFrame.url)
  );
}
