// What main accepts as consent: presses that it saw itself, in time, for the plan on the screen, and files that the
// user gave.
import { beforeEach, describe, expect, it } from 'vitest';
import { calls } from '../../../app/contract/window.ts';
import { Consent, NEEDS, type Input } from '../../../app/main/consent.ts';
import { Grants } from '../../../app/main/granted-files.ts';
import { consentForStation, HOLD_MS } from '../../../app/view/consent.ts';
import {
  disk,
  endpoint,
  ext4,
  imageEndpoint,
  plan,
  resumePlan,
  review,
  sticks,
} from '../../renderer/support/fixtures.ts';
import { asked, type Facts } from '../../requests.ts';

const drives = sticks(2);
const held = review(plan([endpoint(drives[0]!)]));
const typed = review(plan([endpoint(drives[0]!, { contents: [ext4('home')] })]));
const plain = review(plan([imageEndpoint('/home/me/copy.img', 32e9)]));

const mouse = (type: 'mouseDown' | 'mouseUp', button = 'leftbuttondown' as const): Input => ({
  type,
  modifiers: [button],
});
const keyDown = (key: string, repeated = false): Input => ({
  type: 'keyDown',
  key,
  code: key,
  modifiers: repeated ? ['isautorepeat'] : [],
});
const keyUp = (key: string): Input => ({ type: 'keyUp', key, code: key });

let now = 0;
let consent: Consent;
beforeEach(() => {
  now = 1000;
  consent = new Consent(() => now);
});

/** Each input a millisecond after the one before. */
const sees = (...inputs: Input[]): void => {
  for (const input of inputs) {
    now += 1;
    consent.onInput(input);
  }
};
const types = (word: string): void => {
  for (const letter of word) sees(keyDown(letter), keyUp(letter));
};
const pass = (milliseconds: number): number => (now += milliseconds);
const reason = (of = held): string | null => consent.agreed(of)?.reason.kind ?? null;

describe('S10 a plan that erases drives', () => {
  it.each<[string, Input, Input]>([
    ['the mouse', mouse('mouseDown'), mouse('mouseUp')],
    ['a finger', { type: 'touchStart' }, { type: 'touchEnd' }],
    ['Space', keyDown(' '), keyUp(' ')],
    ['Enter', keyDown('Enter'), keyUp('Enter')],
  ])('starts when %s holds for the time, and not when it lets go before', (_what, press, release) => {
    consent.onShown(held.id);
    sees(press);
    pass(HOLD_MS - 1);
    expect(reason()).toBe('notHeld');
    pass(1);
    expect(reason()).toBeNull();
    sees(release);
    expect(reason()).toBe('notHeld');
  });

  it('does not start with a press from before it was shown, nor with one of another key or button', () => {
    sees(mouse('mouseDown'));
    consent.onShown(held.id);
    sees(keyDown('a'), { type: 'mouseDown', modifiers: ['rightbuttondown'] }, keyDown(' ', true), {
      type: 'mouseMove',
    });
    pass(HOLD_MS * 2);
    expect(reason()).toBe('notHeld');
  });

  it('does not start when the key of another press was let go late, and starts when only that was', () => {
    consent.onShown(held.id);
    sees(keyDown('Tab'), keyDown(' '), keyUp('Tab'));
    pass(HOLD_MS);
    expect(reason()).toBeNull();
  });

  it('does not start before it was shown for the time, or when another review is on the screen', () => {
    expect(reason()).toBe('shownTooShortly');
    consent.onShown('another');
    pass(HOLD_MS);
    sees(mouse('mouseDown'));
    pass(HOLD_MS);
    expect(reason()).toBe('shownTooShortly');
    consent.onShown(held.id);
    expect(reason()).toBe('shownTooShortly');
    pass(HOLD_MS);
    expect(reason(), 'held for the other one').toBe('notHeld');
  });

  it('does not start after the window has lost the focus or the page', () => {
    consent.onShown(held.id);
    sees(mouse('mouseDown'));
    consent.releasesAll();
    pass(HOLD_MS);
    expect(reason()).toBe('notHeld');
    consent.onShown(null);
    expect(reason()).toBe('shownTooShortly');
  });

  it('keeps its time when it is shown again, as with every notice', () => {
    consent.onShown(held.id);
    sees(mouse('mouseDown'));
    pass(HOLD_MS - 1);
    consent.onShown(held.id);
    pass(1);
    expect(reason()).toBeNull();
  });

  it('starts with the word typed as well', () => {
    consent.onShown(held.id);
    pass(HOLD_MS);
    types('erase');
    expect(reason()).toBeNull();
  });
});

describe('S10 a plan that asks for the word', () => {
  it('starts when as many letters were typed, since it was shown, and not with fewer or by holding', () => {
    types('ERASE');
    consent.onShown(typed.id);
    pass(HOLD_MS);
    types('ERAS');
    sees(mouse('mouseDown'));
    pass(HOLD_MS);
    expect(reason(typed)).toBe('notTyped');
    sees(keyDown('Shift'), keyDown('E'), keyDown('Enter'));
    expect(reason(typed)).toBeNull();
  });

  it('takes no repeated key for letters, and takes those that an input method hides', () => {
    consent.onShown(typed.id);
    pass(HOLD_MS);
    sees(keyDown('E'), ...Array.from({ length: 9 }, () => keyDown('E', true)));
    expect(reason(typed)).toBe('notTyped');
    sees(...Array.from({ length: 4 }, () => keyDown('Process')));
    expect(reason(typed)).toBeNull();
  });
});

describe('S10 a plan that erases nothing', () => {
  it('starts with a click or a key since it was shown, once, within five seconds', () => {
    sees(mouse('mouseDown'), mouse('mouseUp'));
    consent.onShown(plain.id);
    pass(HOLD_MS);
    expect(reason(plain)).toBe('noPress');
    sees(keyDown('Enter'), keyUp('Enter'));
    pass(4999);
    expect(reason(plain)).toBeNull();
    expect(reason(plain), 'it is used up').toBe('noPress');
    sees(mouse('mouseDown'));
    pass(5001);
    expect(reason(plain)).toBe('noPress');
  });
});

describe('S10 a station', () => {
  const armed = (id = 'station'): string | null => consent.agreedToStation(id)?.reason.kind ?? null;
  const word = consentForStation().word;

  it('S10 is armed when as many letters as the word has were typed since this very plan was shown', () => {
    types(word);
    consent.onShown('station');
    types(word);
    expect(armed()).toBe('shownTooShortly');
    pass(HOLD_MS);
    expect(armed('the plan of a page that lies')).toBe('shownTooShortly');
    expect(armed()).toBeNull();
  });

  it('S10 is not armed by a click, a held button, or fewer letters', () => {
    consent.onShown('station');
    sees(mouse('mouseDown'));
    pass(HOLD_MS);
    expect(armed()).toBe('notTyped');
    types(word.slice(1));
    expect(armed()).toBe('notTyped');
  });

  it('S10 is not armed by letters that were typed for the plan before it was widened', () => {
    consent.onShown('station');
    types(word);
    consent.onShown('wider');
    pass(HOLD_MS);
    expect(armed('wider')).toBe('notTyped');
  });
});

describe('S10 other calls', () => {
  it('S10 requires a person for the calls that start, switch off or forget, and lists every call', () => {
    expect(Object.keys(NEEDS).sort()).toEqual([...calls].sort());
    expect(calls.filter((call) => ['press', 'consent', 'given'].includes(NEEDS[call])).sort()).toEqual([
      'armStation',
      'describeImage',
      'discardDownload',
      'download',
      'eject',
      'findUsage',
      'forget',
      'join',
      'openImage',
      'openRecorded',
      'openSaved',
      'prepareJoin',
      'proposeStation',
      'resumeDownload',
      'retry',
      'review',
      'showFiles',
      'showSaved',
      'start',
    ]);
  });

  it('S10 takes one press for one call', () => {
    expect(consent.pressed()?.reason.kind).toBe('noPress');
    sees(mouse('mouseDown'));
    expect(consent.pressed()).toBeNull();
    expect(consent.pressed()?.reason.kind).toBe('noPress');
  });
});

describe('S10 files of a request', () => {
  const refused = (grants: Grants, more: Facts): (string | null)[] =>
    grants
      .refusals(asked({ source: '/home/me/disk.img', destinations: ['/dev/sdb'], ...more }), drives)
      .map(({ device }) => device);
  let grants: Grants;
  beforeEach(() => {
    grants = new Grants();
    grants.read('/home/me/disk.img');
    grants.write('/home/me/copy.img');
  });

  it('S10 lets the page look only into files that the person gave', () => {
    const paths = ['/home/me/disk.img', '/home/me/copy.img', '/home/me/other.img'];

    expect(paths.filter((path) => grants.isReadable(path))).toEqual(paths.slice(0, 2));
  });

  it('S10 accepts a file only for the purpose it was given for, and the disks in the list', () => {
    expect(refused(grants, {})).toEqual([]);
    expect(
      refused(grants, { source: '/dev/sdc', destinations: ['/home/me/copy.img'], saveManifest: '/home/me/copy.img' }),
    ).toEqual([]);
    expect(refused(grants, { kind: 'verify', destinations: ['/home/me/disk.img'] })).toEqual([]);
    expect(refused(grants, { destinations: ['/home/me/disk.img'] }), 'given to be read').toEqual(['/home/me/disk.img']);
    expect(refused(grants, { kind: 'repair', destinations: ['/home/me/disk.img'] })).toEqual(['/home/me/disk.img']);
  });

  it.each<[string, Facts]>([
    ['source', { source: '/home/me/.ssh/id_ed25519' }],
    ['destination', { destinations: ['/home/me/.bashrc'] }],
    ['manifest', { update: true, manifest: '/home/me/.bashrc' }],
    ['list of checksums', { checksum: 'list:/home/me/.bashrc' }],
    ['list of checksums to verify by', { kind: 'verify', checksum: 'list:/home/me/.bashrc' }],
    ['manifest to be written', { saveManifest: '/home/me/disk.img' }],
    ['map', { rescue: { retries: 0, map: '/home/me/.bashrc' } }],
    ['path in another spelling', { destinations: ['/home/me/../me/copy.img'] }],
    ['relative path', { destinations: ['copy.img'] }],
    ['disk that is not in the list', { destinations: ['/dev/sdz'] }],
    ['disk as a manifest to be written', { source: '/dev/sdb', destinations: ['/dev/sdc'], saveManifest: '/dev/sdb' }],
  ])('%s that nobody gave: refused', (_what, more) => {
    expect(refused(grants, more)).toHaveLength(1);
  });

  it('S10 accepts the files of a job that is chosen again or continued', () => {
    const before = resumePlan([endpoint(disk('/dev/sdb')), imageEndpoint('/home/me/old.img', 32e9)]);
    grants.job({
      ...before,
      request: asked({
        source: before.source!.path,
        destinations: ['/dev/sdb', '/home/me/old.img'],
        saveManifest: '/home/me/disk.manifest',
        rescue: { retries: 0, map: '/home/me/disk.map' },
      }),
    });
    expect(
      refused(grants, {
        source: before.source!.path,
        destinations: ['/home/me/old.img'],
        saveManifest: '/home/me/disk.manifest',
        rescue: { retries: 0, map: '/home/me/disk.map' },
      }),
    ).toEqual([]);
    expect(refused(grants, { destinations: [before.source!.path] }), 'its source is to be read').toEqual([
      before.source!.path,
    ]);
  });
});
