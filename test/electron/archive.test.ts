// A ZIP with two images in the real app: the clicked one is written.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { seededBytes } from '../lab/lab.ts';
import { imageFolder, launchApp } from './support/app.ts';
import { chooseImage, chooseNewImage, runToVerified } from './support/steps.ts';

const folder = imageFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const canUnpack = existsSync(join(import.meta.dirname, '../../out/native/platter-unpack'));

it.skipIf(!canUnpack)('writes the file of a ZIP that is clicked', async () => {
  const [zip, copy] = [join(folder, 'classroom.zip'), join(folder, 'copy.img')];
  const images = ['teacher.img', 'student.img'].map((name, index) => {
    const content = seededBytes(2_000_000, index);
    content.writeUInt16BE(0x55aa, 510);
    writeFileSync(join(folder, name), content);
    return content;
  });
  execFileSync('zip', ['-q', '-1', zip, 'teacher.img', 'student.img'], { cwd: folder });
  chmodSync(zip, 0o644);

  await using app = await launchApp();
  await chooseImage(app, zip);
  await chooseNewImage(app, copy);
  await app.page.getByText('Choose the image in the archive.').waitFor();
  await app.page.getByText('student.img').click();
  await app.page.getByRole('radio', { name: /student\.img/, checked: true }).waitFor();
  await runToVerified(app);
  expect(readFileSync(copy).equals(images[1]!)).toBe(true);
});
