// From the switch for used blocks to an image that has them and nothing else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lacks } from '../app/parsers/source-files.ts';
import { seededBytes } from '../lab/lab.ts';
import { imageFolder, launchApp, picture } from './support/app.ts';
import { chooseImage, chooseNewImage, review, tiles } from './support/steps.ts';

const MIB = 1024 ** 2;
const SIZE = 64 * MIB;
const BLOCK = 4096;
/** A block that was used once. */
const OLD = Buffer.alloc(BLOCK, 0xa5);

/** The number of blocks with old content in a file. */
function oldBlocks(path: string): number {
  const bytes = readFileSync(path);
  return Array.from({ length: bytes.length / BLOCK }, (_, block) =>
    OLD.equals(bytes.subarray(block * BLOCK, (block + 1) * BLOCK)),
  ).filter(Boolean).length;
}

const cannot = lacks('mkfs.ext4') ?? lacks('dumpe2fs') ?? lacks('debugfs');

describe.skipIf(cannot !== null)(`used blocks in the window${cannot === null ? '' : ` (${cannot})`}`, () => {
  const folder = imageFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  it('copies only what an ext4 uses, and says so before and after', async () => {
    const files = join(folder, 'files');
    const image = join(folder, 'disk.img');
    const copy = join(folder, 'copy.img');
    mkdirSync(files);
    writeFileSync(join(files, 'letter'), seededBytes(3 * MIB, 1));
    // Free space with old content, which a copy of everything would have.
    writeFileSync(image, Buffer.alloc(SIZE, 0xa5));
    execFileSync('mkfs.ext4', ['-q', '-F', '-E', 'nodiscard', '-d', files, image]);
    await using app = await launchApp();
    const { page } = app;
    await chooseImage(app, image);
    await chooseNewImage(app, copy);

    await page.getByRole('switch', { name: 'Copy used blocks only' }).click();
    await page.getByText(/^Saves \d+(\.\d+)?.MB of 67(\.1)?.MB\.$/u).waitFor();
    await picture(page, 'used-1-choose');
    await review(app);
    const section = page.getByRole('region', { name: 'Used blocks only' });
    await section.getByText('In a new image most of it is zeros. They are not compared.').waitFor();
    await picture(page, 'used-2-review');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await tiles(page, 'mappedVerified').first().waitFor();
    await page.getByRole('heading', { name: '1 verified: used blocks' }).waitFor();
    await picture(page, 'used-3-ended');

    // The last MiB is copied in any case.
    expect(oldBlocks(copy)).toBeLessThan(oldBlocks(image) / 4);
    execFileSync('e2fsck', ['-f', '-n', copy]);
    const letter = execFileSync('debugfs', ['-R', 'cat /letter', copy], {
      maxBuffer: 8 * MIB,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(letter.equals(readFileSync(join(files, 'letter')))).toBe(true);
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByRole('button', { name: 'History' }).click();
    await page
      .getByRole('dialog')
      .getByText(/1 verified: used blocks/u)
      .waitFor();
    await picture(page, 'used-4-history');
  });
});
