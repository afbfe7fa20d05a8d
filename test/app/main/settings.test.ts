// The settings file: what an older or newer Platter wrote, what is damaged, what cannot be written.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultSettings } from '../../../app/contract/default-settings.ts';
import { settingsChange, type SettingsState } from '../../../app/contract/settings.ts';
import { SettingsStore } from '../../../app/main/settings.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platter-settings-'));
  path = join(folder, 'settings.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(system: string[] = []): Promise<SettingsStore> {
  const store = new SettingsStore(path, system, () => undefined);
  await store.load();
  return store;
}

test('has the defaults and the language of the system without a file, and writes nothing', async () => {
  const { state } = await load(['pt-BR', 'de-CH']);
  expect(state).toEqual({ settings: defaultSettings, language: 'de', settingsError: null });
  expect(readdirSync(folder)).toEqual([]);
});

test('reports a change at once and keeps it whole, several at a time without a loss', async () => {
  const heard: SettingsState[] = [];
  const store = new SettingsStore(path, ['de'], (state) => heard.push(state));
  await store.load();
  const done = await Promise.all([
    store.change({ language: 'fr' }),
    store.change({ sounds: false }),
    store.change({ defaults: { throttle: 1e7 } }),
    store.change({ defaults: { sparse: false } }),
  ]);
  expect(done.every(({ ok }) => ok)).toBe(true);
  expect(heard.at(-1)).toEqual({
    settings: {
      ...defaultSettings,
      language: 'fr',
      sounds: false,
      defaults: { ...defaultSettings.defaults, throttle: 1e7, sparse: false },
    },
    language: 'fr',
    settingsError: null,
  });
  expect((await load()).state).toEqual(heard.at(-1));
  expect(readdirSync(folder)).toEqual(['settings.json']);
});

test('takes the default for what an older Platter did not write, and keeps what a newer one wrote', async () => {
  writeFileSync(path, JSON.stringify({ theme: 'dark', defaults: { verify: false, later: 1 }, future: { x: [1] } }));
  const store = await load();
  expect(store.state.settings).toEqual({
    ...defaultSettings,
    theme: 'dark',
    defaults: { ...defaultSettings.defaults, verify: false },
  });
  await store.change({ sounds: false });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    theme: 'dark',
    sounds: false,
    defaults: { verify: false, later: 1 },
    future: { x: [1] },
  });
});

test.each([
  ['cut off', '{"theme": "da'],
  ['another type', '[]'],
  ['a value that is none', '{"theme": "pink"}'],
  ['empty', ''],
  ['no text', '\0\xff\xfe'],
])(
  'takes the defaults for a damaged file (%s), reports it until a change, and keeps the old file',
  async (_what, text) => {
    writeFileSync(path, text, 'latin1');
    const store = await load();
    expect(store.state.settings).toEqual(defaultSettings);
    const kept = readdirSync(folder);
    expect(kept).toEqual([expect.stringMatching(/^settings\.json\.broken-\d{4}-\d\d-\d\dT\d{6}$/)]);
    expect(readFileSync(join(folder, kept[0]!), 'latin1')).toBe(text);
    expect(store.state.settingsError).toMatchObject({ code: 'BAD_FILE', device: join(folder, kept[0]!) });
    expect(await store.change({})).toEqual({ ok: true, value: null });
    expect(store.state.settingsError).toBeNull();
    expect((await load()).state.settingsError).toBeNull();
  },
);

test('refuses a change that cannot be written, and changes nothing', async () => {
  const store = await load();
  mkdirSync(path);
  const done = await store.change({ theme: 'dark' });
  expect(done).toMatchObject({ ok: false, errors: [{ code: 'NOT_BLOCK_OR_FILE', device: path }] });
  expect(store.state.settings).toEqual(defaultSettings);
  // A file that cannot be read is reported too.
  chmodSync(path, 0o700);
  expect((await load()).state).toMatchObject({ settings: defaultSettings, settingsError: { device: path } });
});

test('lets the window change only known settings to valid values', () => {
  for (const change of [
    { theme: 'pink' },
    { extra: 1 },
    { language: 'it' },
    { defaults: { job: 'x' } },
    { defaults: { ...defaultSettings.defaults, stallTimeout: -1 } },
  ]) {
    expect(settingsChange.safeParse(change).success, JSON.stringify(change)).toBe(false);
  }
  expect(settingsChange.safeParse({ theme: 'dark', defaults: defaultSettings.defaults }).success).toBe(true);
});
