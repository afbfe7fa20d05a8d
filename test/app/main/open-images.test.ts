// The images of an ended job that the window offers to open.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imagesOf } from '../../../app/main/open-images.ts';
import { record } from '../records/records.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'platter-open-images-test-'))));
afterAll(() => rmSync(folder, { recursive: true }));

test('offers the images of a job that are still there, whole or in pieces', async () => {
  const [whole, split, gone] = ['whole.img', 'split.img.zst', 'gone.img'].map((name) => join(folder, name));
  writeFileSync(whole!, 'image');
  writeFileSync(`${split}.000`, 'the first piece');
  const { destinations } = record([whole!, split!, gone!]);

  const found = await imagesOf({ destinations: destinations.map((each) => ({ ...each, kind: 'file' })) });

  expect(found).toEqual([0, 1]);
});
