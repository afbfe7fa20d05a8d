// Files are recognised by their content: those of real tools, and deceptive ones.
import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { seededBytes } from '../../lab/lab.ts';
import { zipOf } from '../unpacking/zip-files.ts';
import {
  bytesOf,
  F6,
  Folder,
  IMAGES,
  lacks,
  OTHERS,
  overwrite,
  recogniseBytes,
  recogniseFile,
} from './source-files.ts';

const MiB = 1024 ** 2;

for (const tool of new Set([...F6, ...OTHERS, ...IMAGES].map((each) => each.tool))) {
  const reason = lacks(tool);
  if (reason !== null) console.warn(`skipped: ${reason}`);
}

describe('a file that is no disk image', () => {
  for (const { name, tool, make, file, is } of OTHERS) {
    test.skipIf(lacks(tool) !== null)(`recognises as no disk image: ${name}`, async () => {
      using folder = new Folder();
      await folder.image();
      await folder.run(make);
      expect(await recogniseFile(folder.at(file))).toMatchObject({ file: is, sure: true });
    });
  }

  test.each([
    ['zstd', '28b52ffd'],
    ['lz4', '04224d18'],
  ])('recognises %s behind skippable frames', (format, magic) => {
    const skippable = `502a4d1805000000${'00'.repeat(5)}5f2a4d1800100000${'00'.repeat(4096)}`;
    const file = { kind: 'packed', format };
    expect(recogniseBytes(Buffer.from(`${skippable}${magic}00000000`, 'hex'))).toMatchObject({ file, sure: true });
  });

  test('recognises a ZIP file with a program in front', () => {
    const zip = zipOf([{ name: 'disk.img', content: Buffer.from('x') }]);
    const file = { kind: 'packed', format: 'self-extracting ZIP' };
    expect(recogniseBytes(Buffer.concat([Buffer.alloc(76, '#'), zip]))).toMatchObject({ file, sure: true });
    zip[0]! ^= 1;
    expect(recogniseBytes(zip), 'a damaged one').not.toMatchObject({ file });
  });

  test('notes a Linux kernel and does not refuse it, because memtest86+ starts from a disk', () => {
    const bytes = Buffer.alloc(4096);
    bytes.write('MZ', 0);
    bytes.writeUInt32LE(0x40, 0x3c);
    bytes.write('PE', 0x40);
    bytes.writeUInt16LE(0xaa55, 510);
    expect(recogniseBytes(bytes), 'a program for Windows').toMatchObject({
      file: { kind: 'program', format: 'Windows' },
      sure: true,
    });
    bytes.write('HdrS', 514);
    expect(recogniseBytes(bytes)).toEqual({
      kind: 'other',
      file: { kind: 'firmware', format: 'Linux kernel' },
      sure: false,
    });
  });
});

describe('a disk image', () => {
  for (const { name, tool, make, file } of IMAGES) {
    test.skipIf(lacks(tool) !== null)(`recognises as a disk image: ${name}`, async () => {
      using folder = new Folder();
      await writeFile(folder.at('d'), '');
      await truncate(folder.at('d'), 64 * MiB);
      await folder.run(make);
      expect(await recogniseFile(folder.at(file))).toMatchObject({ kind: 'image', trailer: null });
    });
  }

  test('takes a disk image whose boot code begins as another format does for a disk image', async () => {
    using folder = new Folder();
    const path = await folder.image();
    const magics = [
      'fd377a585a00',
      '1f8b0800',
      '504b03041400',
      '514649fb00000003',
      '28b52ffd',
      '4d5a9000',
      '7f454c4602',
      '526172211a07',
    ];
    for (const magic of magics) {
      await overwrite(path, 0, Buffer.from(magic, 'hex'));
      expect(await recogniseFile(path), magic).toMatchObject({ kind: 'image', format: 'MBR' });
    }
  });

  test.skipIf(lacks('qemu-img') !== null)('recognises a fixed VHD as a disk image with a trailer', async () => {
    using folder = new Folder();
    await folder.image();
    await folder.run('qemu-img convert -O vpc -o subformat=fixed,force_size=on disk.img d.vhd');
    expect(await recogniseFile(folder.at('d.vhd'))).toEqual({
      kind: 'image',
      format: 'MBR',
      trailer: 'VHD',
      sure: true,
    });
  });

  test.skipIf(lacks('qemu-img') !== null)(
    'does not take a file for a disk image because one lies inside it',
    async () => {
      using folder = new Folder();
      await writeFile(folder.at('disk.img'), '');
      await truncate(folder.at('disk.img'), 4 * MiB);
      await folder.run(
        "printf 'label: gpt\\nsize=1M\\n' | sfdisk -q disk.img && qemu-img convert -O qcow2 disk.img d && " +
          'tar --format=ustar -b1 -cf t disk.img && head -c -1024 t > u',
      );
      expect(
        (await bytesOf(folder.at('u'))).subarray(-512).toString('latin1', 0, 8),
        'the archive ends with the backup GPT',
      ).toBe('EFI PART');
      expect(await recogniseFile(folder.at('u'))).toMatchObject({ kind: 'other', file: { kind: 'archive' } });
      expect(await recogniseFile(folder.at('d'))).toMatchObject({
        kind: 'other',
        file: { kind: 'virtualDisk', format: 'qcow2' },
      });
    },
  );
});

describe('any other file', () => {
  test('never takes random bytes for a file that would be refused', () => {
    const refused = Array.from({ length: 3000 }, (_, seed) => {
      const block = createHash('sha512').update(String(seed)).digest();
      return recogniseBytes(Buffer.concat([block, seededBytes(1024, seed)]));
    }).filter((found) => found.kind !== 'unknown' && found.kind !== 'image' && found.sure);
    expect(refused).toEqual([]);
  });

  test('recognises nothing in zeros, a filled buffer and a single byte', () => {
    for (const bytes of [Buffer.alloc(MiB), Buffer.alloc(MiB, 0x5a), Buffer.alloc(1), Buffer.alloc(0)])
      expect(recogniseBytes(bytes)).toEqual({ kind: 'unknown' });
  });

  test('answers for a file cut anywhere, without an exception', async () => {
    using folder = new Folder();
    await folder.image();
    for (const { make, file } of [...F6, ...OTHERS].filter((each) => lacks(each.tool) === null)) {
      await folder.run(make);
      const bytes = await bytesOf(folder.at(file));
      for (let length = 0; length <= Math.min(bytes.length, 1100); length += 1)
        expect(['image', 'packed', 'other', 'unknown']).toContain(recogniseBytes(bytes.subarray(0, length)).kind);
      await folder.run(`rm -rf ${file} p disk.zip d t`);
    }
  });
});
