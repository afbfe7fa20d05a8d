// The user in front of the window: what main has shown them, what they pressed, and which files they gave. It protects
// against a page that claims more than its user did.
import { app } from 'electron';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import type { Plan } from '../contract/jobs.ts';
import type { StationPlan, StationProposal } from '../contract/station.ts';
import type { AppState, WindowCalls } from '../contract/window.ts';
import { listed } from '../words/figures.ts';
import { say } from '../words/speech.ts';
import { Consent } from './consent.ts';
import { failure } from '../base/errors.ts';
import { shownLink } from '../download/addresses.ts';
import { confirm } from './dialogs.ts';
import { Grants } from './granted-files.ts';
import type { UserInput } from './ipc.ts';
import type { Gate } from './gate.ts';
import { followWindow, isOnScreen } from './window.ts';

/** The reasons of refusals that only lack an input event. */
const UNSEEN: readonly Reason['kind'][] = ['noPress', 'notHeld', 'notTyped'];

/** The person, as seen by the rest of main. */
export interface WindowUser extends Gate, UserInput {
  /** The files that they gave. */
  readonly grants: Grants;
  /** The page asked for this state by itself, so it receives notices from now on. Gives the state. */
  answered(state: AppState): AppState;
  /** null when the user gave this link or confirms it in main's own question; otherwise the reason not to fetch it. */
  mayFetch(link: string): Promise<PlatterError | null>;
  /** null when the person has agreed to arm this station; otherwise why it may not be armed. */
  agreedToStation(proposal: StationProposal): Promise<PlatterError | null>;
  /** The page was sent this state. */
  stateSent(state: AppState): void;
}

/** What waits for consent. A proposed station dismisses the review, and a review the station. */
type Asking = Pick<AppState, 'review' | 'joining' | 'station'>;

/** The id of what the window asks consent for; null for nothing. */
const idOf = ({ review, joining, station }: Asking): string | null =>
  review?.id ?? joining?.id ?? (station?.phase === 'proposed' ? station.id : null);

/** Follows the window. `asking` gives what it asks consent for now. */
export function setupPerson(asking: () => Asking): WindowUser {
  const consent = new Consent();
  const grants = new Grants();
  let listening = false;
  let askingOfLink = false;
  const unlessTheySayYes = asker();
  const show = (id: string | null): void => {
    if (listening && isOnScreen()) consent.onShown(id);
  };
  followWindow({
    input: (input) => consent.onInput(input),
    shown: () => show(idOf(asking())),
    blurred: () => consent.releasesAll(),
    pageGone: () => {
      listening = false;
      consent.onShown(null);
      consent.releasesAll();
    },
  });

  return {
    grants,
    answered: (state) => {
      listening = true;
      show(idOf(state));
      return state;
    },
    stateSent: (state) => show(idOf(state)),
    refusals: (request, disks) => grants.refusals(request, disks),
    checked: (plan) => {
      // An interrupted job is named by its id. Its files are in its log, which belongs to the user.
      if (plan.kind === 'resume') grants.job(plan);
    },
    agreed: (asked) =>
      unlessTheySayYes(
        consent.agreed(asked),
        say('dialogs.askStart'),
        say('dialogs.askStartDetail', { destinations: ends(asked.plan) }),
      ),
    agreedToStation: ({ id, plan }) =>
      unlessTheySayYes(consent.agreedToStation(id), say('dialogs.askArm'), armed(plan)),
    pressed: (call) => unlessTheySayYes(consent.pressed(), question(call), say('dialogs.askDetail')),
    dropped: (path) => grants.read(path),
    gaveLink: (link) => grants.link(link),
    mayFetch: async (link) => {
      if (grants.hasLink(link)) return null;
      if (askingOfLink) return notWanted(link);
      askingOfLink = true;
      const isWanted = await confirm(say('dialogs.askDownload'), link).finally(() => (askingOfLink = false));
      if (!isWanted) return notWanted(link);
      grants.link(link);
      return null;
    },
  };
}

/**
 * Asks main's own question when a program for accessibility may have pressed for the person, because no input event
 * shows that. Gives null when they say yes, otherwise `refused`. One question at a time.
 */
function asker(): (refused: PlatterError | null, question: string, detail: string) => Promise<PlatterError | null> {
  let asking = false;
  return async (refused, question, detail) => {
    if (refused === null || asking || !UNSEEN.includes(refused.reason.kind) || !app.accessibilitySupportEnabled)
      return refused;
    asking = true;
    try {
      return (await confirm(question, detail)) ? null : refused;
    } finally {
      asking = false;
    }
  };
}

const notWanted = (link: string): PlatterError =>
  failure({ code: 'CANCELLED', op: 'check', device: shownLink(link), reason: { kind: 'downloadCancelled' } });

function question(call: keyof WindowCalls): string {
  switch (call) {
    case 'openImage':
    case 'openRecorded':
    case 'showFiles':
      return say('dialogs.askOpen');
    case 'openSaved':
    case 'showSaved':
      return say('dialogs.askOpenSaved');
    case 'eject':
      return say('dialogs.askEject');
    case 'forget':
      return say('dialogs.askForget');
    case 'resumeDownload':
      return say('dialogs.askDownloadAgain');
    case 'discardDownload':
      return say('dialogs.askDiscard');
    default:
      return say('dialogs.askRetry');
  }
}

const ends = ({ destinations }: Plan): string =>
  listed(destinations.map(({ realPath, model }) => (model === null ? realPath : `${model} (${realPath})`)));

const armed = ({ bays, eraseUsed }: StationPlan): string =>
  say(eraseUsed ? 'dialogs.askArmUsed' : 'dialogs.askArmBlank', {
    bays: listed(bays.map(({ number, name }) => name ?? String(number))),
  });
