// An archive with several files: the user chooses one by click or keyboard.
import { expect, test } from 'vitest';
import type { ArchivedFile, Described } from '../../app/contract/disk-content.ts';
import { failure } from '../../app/base/errors.ts';
import { filesOf } from '../../renderer/image-facts.ts';
import { described } from './support/images.ts';
import { oneWindow } from './support/one-window.ts';
import { drives } from './support/running-job.ts';

const open = oneWindow();
const ZIP = '/home/me/classroom.zip';

const file = (name: string, size: number, more: Partial<ArchivedFile> = {}): ArchivedFile => ({
  name,
  size,
  packed: size / 3,
  method: 8,
  encrypted: false,
  ...more,
});
const files = [
  file('README.txt', 2_100),
  file('images/', 0),
  file('images/teacher.img', 7.9e9),
  file('images/student.img', 3.9e9),
  file('images/exam.img', 3.9e9, { encrypted: true }),
];
const packing = { ...described().packed!, format: 'zip', entries: files, entry: null };

/** The image, with no file of it chosen. */
const undecided: Described = {
  ...described({ packed: packing, table: null, content: null, size: null, sizeIs: 'unknown', checksum: null }),
  problem: failure({
    code: 'NOT_AN_IMAGE',
    op: 'check',
    device: ZIP,
    reason: { kind: 'severalInArchive', names: 'images/teacher.img, images/student.img' },
    remedy: { kind: 'chooseEntry' },
  }),
};
const withEntry = (entry: string): Described =>
  described({ packed: { ...packing, entry }, size: 3.9e9, bytes: 3.1e9, checksum: null });

/** Chooses the archive and the first drive. */
async function choose(): Promise<void> {
  open.main.image = ZIP;
  open.main.described = { ok: true, value: undecided };
  open.main.describedEntries = Object.fromEntries(
    files.map(({ name }) => [name, { ok: true, value: withEntry(name) } as const]),
  );
  await open.page.getByRole('checkbox').first().click();
  await open.page.getByRole('button', { name: 'Choose an image…' }).click();
}

test('lists images first, then the largest first, and no folders or empty files', () => {
  expect(filesOf(undecided).map(({ name }) => name)).toEqual([
    'images/teacher.img',
    'images/student.img',
    'images/exam.img',
    'README.txt',
  ]);
  expect(filesOf(described({ packed: { ...packing, entries: [files[0]!] } }))).toEqual([]);
  expect(filesOf(described())).toEqual([]);
});

test.each([
  ['light', 1200, 800],
  ['dark', 1200, 800],
  ['light', 800, 600],
] as const)('takes the file that is clicked (%s, %d x %d)', async (scheme, width, height) => {
  await open.start({ state: { disks: drives }, scheme, width, height });
  await choose();

  const group = open.page.getByRole('group', { name: 'Files in the archive (4)' });
  await group.waitFor();
  await open.page.getByText('Choose the image in the archive.').waitFor();
  expect(await open.page.getByRole('button', { name: 'Review' }).isDisabled()).toBe(true);
  expect(await open.page.getByText('--entry').count()).toBe(0);
  expect(await group.getByRole('radio', { name: /exam\.img/ }).isDisabled()).toBe(true);
  await open.picture(`entries-asked-${scheme}-${width}`);

  await group.getByText('student.img').click();
  await open.page.getByText('ZIP → GPT').waitFor();
  await open.picture(`entries-${scheme}-${width}`);
  expect(open.main.asked('describeImage')).toEqual([
    [ZIP, null],
    [ZIP, 'images/student.img'],
  ]);
  await open.page.getByRole('button', { name: 'Review' }).click();
  expect(open.main.lastRequest()).toMatchObject({ source: ZIP, entry: 'images/student.img' });
});

test('is chosen with the keyboard alone', async () => {
  await open.start({ state: { disks: drives } });
  await choose();
  const teacher = open.page.getByRole('radio', { name: /teacher\.img/ });
  await teacher.focus();
  await open.page.keyboard.press('Space');
  await open.page.keyboard.press('ArrowDown');
  expect(await open.page.getByRole('radio', { name: /student\.img/, checked: true }).count()).toBe(1);
  await open.page.getByText('ZIP → GPT').waitFor();
});

test('does not ask when only one of the files is an image, and lets another one be chosen', async () => {
  await open.start({ state: { disks: drives } });
  open.main.image = ZIP;
  open.main.described = { ok: true, value: withEntry('images/student.img') };
  await open.page.getByRole('checkbox').first().click();
  await open.page.getByRole('button', { name: 'Choose an image…' }).click();
  await open.page.getByRole('radio', { name: /student\.img/, checked: true }).waitFor();
  await open.page.getByRole('button', { name: 'Review' }).click();
  expect(open.main.lastRequest()).toMatchObject({ source: ZIP, entry: null });
});
