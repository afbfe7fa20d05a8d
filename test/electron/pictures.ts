// The README's pictures: the real app, with a person's steps, on eight virtual drives, one of which fails.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { labdisk, seededBytes, type LabDisk } from '../lab/lab.ts';
import { launchApp, type App } from './support/app.ts';
import { chooseImage, holdToStart, review, tick, tileOf } from './support/steps.ts';

const MIB = 1024 * 1024;
const IMAGE_SIZE = 192 * MIB;
/** Less than four times the image: larger drives ask for a word before they are erased. */
const DISK_SIZE = 512_000_000;

/** lsblk lists only these block devices in this mount namespace. */
function showOnly(disks: readonly LabDisk[]): void {
  execFileSync('mount', ['-t', 'tmpfs', 'pictures', '/sys/block']);
  for (const { device } of disks)
    symlinkSync(`../devices/virtual/block/${basename(device)}`, join('/sys/block', basename(device)));
}

const theme = ({ electron }: App, source: 'light' | 'dark'): Promise<void> =>
  electron.evaluate(({ nativeTheme }, wanted) => void (nativeTheme.themeSource = wanted), source);

async function main(folder: string): Promise<void> {
  const images = mkdtempSync(join(tmpdir(), 'platter-pictures-'));
  chmodSync(images, 0o755);
  const image = join(images, 'classroom-2026.img');
  writeFileSync(image, seededBytes(IMAGE_SIZE, 1));
  const disks: LabDisk[] = [];
  try {
    for (let i = 0; i < 8; i += 1) disks.push(await labdisk({ size: DISK_SIZE }));
    showOnly(disks);
    const bad = disks[5]!;
    await bad.rule(`eio w ${String(41 * MIB)} 4K`);
    for (const [i, disk] of disks.entries()) await disk.rule(`rate w ${String(9 - (i % 3))}M`, 'rate r 60M');
    mkdirSync(folder, { recursive: true });
    await using app = await launchApp();
    const { page } = app;
    const picture = async (name: string): Promise<void> => {
      await page.mouse.move(0, 0);
      await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
    };
    await theme(app, 'light');
    await chooseImage(app, image);
    await tick(app, ...disks.map(({ device }) => device));
    await page.getByRole('checkbox').first().scrollIntoViewIfNeeded();
    await picture('choose');
    await review(app);
    await theme(app, 'dark');
    await holdToStart(app);
    await page.getByRole('heading', { name: /1 failed/ }).waitFor();
    await picture('eight');
    for (const disk of disks) await disk.rule('clear');
    await theme(app, 'light');
    await page.getByRole('heading', { name: /7 of 8 verified, 1 failed/ }).waitFor();
    await tileOf(page, bad.device).scrollIntoViewIfNeeded();
    await picture('ended');
    const files = ['choose', 'eight', 'ended'].map((name) => join(folder, `${name}.png`));
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--ext', '.png', ...files]);
  } finally {
    await Promise.all(disks.map((disk) => disk.close()));
    rmSync(images, { recursive: true });
  }
}

// The second argument is the mount namespace that must not be this one, because main() hides things in its own.
const [, , folder, outside] = process.argv;
if (folder === undefined || outside === undefined || readlinkSync('/proc/self/ns/mnt') === outside)
  throw new Error('use `npm run pictures`');
await main(folder);
