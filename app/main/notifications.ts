// Desktop notifications, for users who work in another window while drives are written.
import { Notification } from 'electron';
import type { Settings } from '../contract/settings.ts';
import type { JobView } from '../contract/window.ts';
import { givenManifest } from '../contract/request-facts.ts';
import { answerOf } from '../view/total-progress.ts';
import { newsOf } from '../view/news.ts';
import { isBad, tilesOf, type Tile } from '../view/destination-progress.ts';
import { sayError, sayPort } from '../words/host-sentences.ts';
import { baseName } from '../words/short-names.ts';
import { say } from '../words/speech.ts';
import { currentWindow, showWindow } from './window.ts';

/** A notification gives reasons for at most this many drives. */
const MOST = 3;

/** Gives a listener for every view of the job. Clicking on a notification shows the window. */
export function setupNotifications(settings: () => Settings): (job: JobView | null) => void {
  let before: JobView | null = null;
  return (job) => {
    const { ended, failed } = newsOf(before, job);
    before = job;
    if (job === null || (ended === null && failed.length === 0)) return;
    if (!settings().notifications || currentWindow()?.isFocused() === true) return;
    notify(
      ended === null
        ? { title: say('alerts.drive', { count: failed.length, name: nameOf(failed[0]!) }), body: reasons(failed) }
        : verdict(job),
    );
  };
}

/** "5 verified, 1 failed", with the reason of each failure; when all is well, a summary of the job. */
function verdict(job: JobView): { title: string; body: string } {
  if (job.failure !== null) return { title: say('alerts.stopped'), body: sayError(job.failure).message };
  const tiles = tilesOf(job);
  const bad = tiles.filter(isBad);
  return {
    title: answerOf(tiles)
      .map(({ text }) => text)
      .join(', '),
    body:
      bad.length > 0
        ? reasons(bad)
        : (job.plan.name ?? baseName(job.plan.source?.path ?? givenManifest(job.plan.request) ?? '')),
  };
}

/** A drive without a bay is named with its port. */
const nameOf = ({ name, endpoint: { port } }: Tile): string =>
  port?.bay === null ? `${name} (${sayPort(port)})` : name;

/** Position and reason of each, one a line. */
const reasons = (tiles: readonly Tile[]): string =>
  tiles
    .slice(0, MOST)
    .map(
      (tile) =>
        `${nameOf(tile)}: ${tile.errors[0] === undefined ? say('states.failed') : sayError(tile.errors[0]).message}`,
    )
    .join('\n');

function notify(said: { title: string; body: string }): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification(said);
  notification.on('click', showWindow);
  notification.show();
}
