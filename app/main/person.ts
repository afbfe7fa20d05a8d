// The person in front of the window: what main has shown them, what they pressed, and which files they gave. It is
// main's answer to a page that says more than its person does.
import { app } from 'electron';
import type { PlatterError } from '../contract/errors.ts';
import type { Reason } from '../contract/facts.ts';
import type { Plan } from '../contract/jobs.ts';
import type { AppState, Review, WindowCalls } from '../contract/window.ts';
import { listed } from '../words/figures.ts';
import { say } from '../words/speech.ts';
import { Consent } from './consent.ts';
import { confirm } from './dialogs.ts';
import { Grants } from './grants.ts';
import type { Person } from './ipc.ts';
import type { Gate } from './jobs.ts';
import { followWindow, isOnScreen } from './window.ts';

/** What a refusal says when no input was seen, in spite of everything else being right. */
const UNSEEN: readonly Reason['kind'][] = ['noPress', 'notHeld', 'notTyped'];

/** The person, as the rest of main asks about them. */
export interface PersonHere extends Gate, Person {
  /** Files that they gave. */
  readonly grants: Grants;
  /** The page asked for this state by itself: it listens from now on. Gives the state. */
  answered(state: AppState): AppState;
  /** The page is told of this state. */
  told(state: AppState): void;
}

/** Follows the window. `review` gives the review of now. */
export function setupPerson(review: () => Review | null): PersonHere {
  const consent = new Consent();
  const grants = new Grants();
  let listening = false;
  let asking = false;
  const show = (id: string | null): void => {
    if (listening && isOnScreen()) consent.shows(id);
  };
  followWindow({
    input: (input) => consent.saw(input),
    shown: () => show(review()?.id ?? null),
    blurred: () => consent.releasesAll(),
    pageGone: () => {
      listening = false;
      consent.shows(null);
      consent.releasesAll();
    },
  });

  /**
   * `refused`, unless a program for accessibility may have pressed for the person, which no input event tells, and they
   * say yes to main's own question.
   */
  const unlessTheySayYes = async (
    refused: PlatterError | null,
    question: string,
    detail: string,
  ): Promise<PlatterError | null> => {
    if (refused === null || asking || !UNSEEN.includes(refused.reason.kind) || !app.accessibilitySupportEnabled)
      return refused;
    asking = true;
    try {
      return (await confirm(question, detail)) ? null : refused;
    } finally {
      asking = false;
    }
  };

  return {
    grants,
    answered: (state) => {
      listening = true;
      show(state.review?.id ?? null);
      return state;
    },
    told: (state) => show(state.review?.id ?? null),
    refusals: (request, disks) => grants.refusals(request, disks),
    checked: (plan) => {
      // An interrupted job is named by its id: its files are in its log, which is the user's.
      if (plan.kind === 'resume') grants.job(plan);
    },
    agreed: (asked) =>
      unlessTheySayYes(
        consent.agreed(asked),
        say('dialogs.askStart'),
        say('dialogs.askStartDetail', { destinations: ends(asked.plan) }),
      ),
    pressed: (call) => unlessTheySayYes(consent.pressed(), question(call), say('dialogs.askDetail')),
    dropped: (path) => grants.read(path),
  };
}

function question(call: keyof WindowCalls): string {
  if (call === 'eject') return say('dialogs.askEject');
  return call === 'forget' ? say('dialogs.askForget') : say('dialogs.askRetry');
}

const ends = ({ destinations }: Plan): string =>
  listed(destinations.map(({ realPath, model }) => (model === null ? realPath : `${model} (${realPath})`)));
