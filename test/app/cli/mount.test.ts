// `platter mount` and `platter unmount`: the files of an image, by the kernel's own file systems.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverLacks } from '../../../build/native.mjs';
import { FOLLOWING } from '../../../build/own-mounts.mjs';
import { canLab } from '../../lab/lab.ts';
import { lacks, type Folder } from '../parsers/source-files.ts';
import { leftBelow, makeXfs, PACKINGS, packedDisk, PARTITIONS } from '../serving/packed-disks.ts';
import { forged } from '../unpacking/partclone-files.ts';
import { MiB, platter, PLATTER } from './support.ts';

const missing = serverLacks();
const why = missing.length > 0 ? `without ${missing.join(', ')}: install the -dev packages` : canLab();
const because = why === null ? '' : ` (${why})`;

let disk: Folder;
let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'platter-mount-test-'));
  if (why === null) disk = packedDisk();
}, 120_000);
afterAll(() => {
  if (why === null) disk[Symbol.dispose]();
  // It fails when a test has left anything behind.
  rmdirSync(work);
});

interface Opened {
  folder: string;
  format: string;
  files: { partition: number | null; path: string; bytes: number; type: string | null; mounted: string | null }[];
}

/** Opens an image in a folder of `work`. */
async function opened(image: string): Promise<Opened & { code: number | null }> {
  const { code, stdout, stderr } = await platter(['mount', '--json', image, join(work, 'view')]);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Opened) };
}

const close = (folder: string): Promise<{ code: number | null; stderr: string }> => platter(['unmount', folder]);

/** The processes that serve below `work`. */
const servers = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
      return words.startsWith(join(PLATTER, '../../native/platter-serve')) && words.includes(work);
    })
    .map(Number);

describe.skipIf(why !== null)(`platter mount${because}`, () => {
  for (const { name, format, command, needs } of PACKINGS) {
    const lacking = lacks(needs);
    test.skipIf(lacking !== null)(
      `shows each file system of ${name}${lacking === null ? '' : ` (${lacking})`}`,
      async () => {
        await disk.run(command);

        const seen = await opened(disk.at(name));

        expect(seen).toMatchObject({ code: 0, format, folder: join(work, 'view') });
        expect(
          seen.files.map(({ partition, type, mounted }) => [partition, type, mounted && basename(mounted)]),
        ).toEqual([[null, null, null], ...PARTITIONS.map(({ number, type }) => [number, type, String(number)])]);
        execFileSync('cmp', [disk.at('disk.img'), seen.files[0]!.path]);
        for (const { number } of PARTITIONS)
          execFileSync('diff', ['-r', '--exclude=lost+found', disk.at('files'), join(seen.folder, String(number))]);
        expect(await close(seen.folder)).toMatchObject({ code: 0, stderr: '' });
        expect(leftBelow(work)).toEqual([]);
        expect(existsSync(seen.folder)).toBe(false);
      },
      120_000,
    );
  }

  test('opens a split image that Platter wrote by the name of the whole', async () => {
    const wrote = await platter(['copy', '--yes', '--split', '1M', disk.at('disk.img'), disk.at('whole.img.zst')]);
    expect([wrote.code, existsSync(disk.at('whole.img.zst')), existsSync(disk.at('whole.img.zst.001'))]).toEqual([
      0,
      false,
      true,
    ]);

    const { folder, files } = await opened(disk.at('whole.img.zst'));

    execFileSync('cmp', [disk.at('disk.img'), files[0]!.path]);
    expect(await close(folder)).toMatchObject({ code: 0 });
  });

  test('a piece that shrinks while it is open is an I/O error, and the pieces before it stay readable', async () => {
    await disk.run('split -b 20M -d -a 3 disk.img shrinks.img.');
    const { folder, files } = await opened(disk.at('shrinks.img.000'));

    truncateSync(disk.at('shrinks.img.003'), 5);
    const whole = spawnSync('cmp', [disk.at('disk.img'), files[0]!.path], { encoding: 'utf8' });
    const before = spawnSync('cmp', ['-n', String(60 * MiB), disk.at('disk.img'), files[0]!.path]);
    await close(folder);

    expect([whole.status, whole.stderr]).toEqual([2, expect.stringContaining('Input/output error')]);
    expect(before.status).toBe(0);
  });

  test('shows a file system without a partition table', async () => {
    makeXfs(disk);

    const { folder, files } = await opened(disk.at('xfs.img'));

    expect(files).toMatchObject([{ partition: null, type: 'xfs', mounted: join(folder, 'disk') }]);
    execFileSync('diff', ['-r', disk.at('files'), join(folder, 'disk')]);
    expect(await close(folder)).toMatchObject({ code: 0 });
    expect([existsSync(folder), leftBelow(work)]).toEqual([false, []]);
  });

  test('keeps the folder that was there, and what has been put into it', async () => {
    mkdirSync(join(work, 'view'));

    const { folder } = await opened(disk.at('disk.img'));
    writeFileSync(join(folder, 'note'), 'mine');
    const { code } = await close(folder);

    expect([code, readdirSync(folder)]).toEqual([0, ['note']]);
    execFileSync('rm', ['-r', folder]);
  });

  test('makes a folder of its own when none is named', async () => {
    const { code, stdout } = await platter(['mount', '--json', disk.at('disk.img')]);
    const { folder } = JSON.parse(stdout) as Opened;

    expect([code, statSync(folder).mode & 0o777]).toEqual([0, 0o700]);
    expect(await close(folder)).toMatchObject({ code: 0 });
    expect(existsSync(folder)).toBe(false);
  });

  test('shows files that cannot be written, and only as long as they are', async () => {
    const { folder, files } = await opened(disk.at('disk.img'));

    expect(() => writeFileSync(files[1]!.path, 'x')).toThrow('EROFS');
    expect(() => writeFileSync(join(folder, '1', 'new'), 'x')).toThrow('EROFS');
    expect(files.map(({ path }) => statSync(path).size)).toEqual(files.map(({ bytes }) => bytes));
    expect(files.map(({ path }) => statSync(path).mode & 0o777)).toEqual(files.map(() => 0o400));
    expect(await close(folder)).toMatchObject({ code: 0 });
  });

  test('serves from a sandbox, without rights', async () => {
    const { folder } = await opened(disk.at('disk.img'));

    const states = servers().map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    await close(folder);

    expect(states).toHaveLength(1);
    expect(states[0]).toMatch(/^CapEff:\t0+$/mu);
    expect(states[0]).toMatch(/^CapBnd:\t0+$/mu);
    expect(states[0]).toMatch(/^NoNewPrivs:\t1$/mu);
    expect(states[0]).toMatch(/^Seccomp:\t2$/mu);
  });

  test('a flipped bit is an I/O error in its own block, and the rest stays readable', async () => {
    await disk.run(`xz -0 --block-size=1MiB -T2 -c disk.img > damaged.xz`);
    // The files of the ext4 are random bytes, so most of the file is their blocks.
    const packed = readFileSync(disk.at('damaged.xz'));
    packed[MiB] = packed[MiB]! ^ 1;
    writeFileSync(disk.at('damaged.xz'), packed);

    const { folder, files } = await opened(disk.at('damaged.xz'));
    const dd = spawnSync('dd', [`if=${files[0]!.path}`, `of=${disk.at('copy')}`, 'bs=64K', 'conv=noerror,sync'], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    const { stdout } = spawnSync('cmp', ['-l', disk.at('disk.img'), disk.at('copy')], {
      encoding: 'utf8',
      maxBuffer: 256 * MiB,
    });
    const places = stdout
      .trim()
      .split('\n')
      .map((line) => Math.floor((parseInt(line, 10) - 1) / MiB));
    const alive = servers().length;
    const closed = await close(folder);

    expect(dd.stderr.match(/Input\/output error/gu)).toHaveLength(16);
    expect(new Set(places).size).toBe(1);
    expect([alive, closed.code]).toEqual([1, 0]);
  }, 120_000);

  test('opens an image whose first block is damaged, and says that it cannot be read', async () => {
    await disk.run(`xz -0 --block-size=1MiB -T2 -c disk.img > head.xz`);
    const packed = readFileSync(disk.at('head.xz'));
    packed.fill(0x77, 60, 68);
    writeFileSync(disk.at('head.xz'), packed);

    const { code, stderr } = await platter(['mount', disk.at('head.xz'), join(work, 'view')]);
    const closed = await close(join(work, 'view'));

    expect([code, stderr]).toEqual([1, expect.stringMatching(/head\.xz: The packed file is damaged/u)]);
    expect(closed).toMatchObject({ code: 0, stderr: '' });
  });

  test('says that the packed image is damaged where a file system begins', async () => {
    await disk.run(`truncate -s 16M two.img
      printf 'label: gpt\\nstart=2048, size=2M\\nstart=16384, size=4M\\n' | sfdisk -q two.img
      mke2fs -q -t ext4 -E offset=8388608 two.img 4M
      xz -0 --block-size=1MiB -T2 two.img
      xz -lvv --robot two.img.xz | awk '$1 == "block" && $8 == 1048576 && ++n == 9 {print $5}' > at`);
    const packed = readFileSync(disk.at('two.img.xz'));
    const at = Number(readFileSync(disk.at('at'), 'utf8'));
    packed.fill(0x77, at + 24, at + 42);
    writeFileSync(disk.at('two.img.xz'), packed);

    const { code, stderr } = await platter(['mount', disk.at('two.img.xz'), join(work, 'view')]);
    const closed = await close(join(work, 'view'));

    expect([at > 0, code, closed.code]).toEqual([true, 1, 0]);
    expect(stderr).toMatch(/two\.img\.xz: The packed file is damaged .* Get the file again/u);
  });

  test('names the partitions that a cut image has no longer', async () => {
    await disk.run(`truncate -s 64M cut.img
      printf 'label: gpt\\nstart=2048, size=2M\\nstart=65536, size=8M\\nstart=98304, size=4M\\n' | sfdisk -q cut.img
      truncate -s 34M cut.img`);

    const { code, stdout, stderr } = await platter(['mount', disk.at('cut.img'), join(work, 'view')]);
    const closed = await close(join(work, 'view'));

    expect([code, closed.code]).toEqual([1, 0]);
    expect(stdout).toMatch(/p1\.img/u);
    expect(stderr).toMatch(/ends before its partitions 2, 3 do/u);
  });

  test('prints the command that closes it for a shell', async () => {
    const folder = join(work, 'my view');

    const { stdout } = await platter(['mount', disk.at('disk.img'), folder]);
    const closed = await close(folder);

    expect([stdout, closed.code]).toEqual([expect.stringContaining(`To close it: platter unmount '${folder}'\n`), 0]);
  });

  const drops = lacks('setpriv');
  test.skipIf(drops !== null)('tells another user that root opened it', async () => {
    const { folder } = await opened(disk.at('disk.img'));

    const asUser = spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PLATTER, 'unmount', folder],
      { encoding: 'utf8', cwd: '/', env: { ...process.env, PLATTER_STATE: '/nonexistent' } },
    );
    const closed = await close(folder);

    expect([asUser.status, closed.code]).toEqual([2, 0]);
    expect(asUser.stderr).toContain(`User root opened this image. Close it as root: sudo platter unmount ${folder}`);
  });

  test('closes an image by the link to the folder that it was opened in', async () => {
    await disk.run('mkdir empty && ln -s empty link');

    const first = await platter(['mount', disk.at('disk.img'), disk.at('link')]);
    const again = await platter(['mount', disk.at('disk.img'), disk.at('link')]);
    const closed = await close(disk.at('link'));

    expect([first.code, again.code]).toEqual([0, 2]);
    expect(again.stderr).toContain('An image is open in this folder already.');
    expect(closed).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    [
      'a gzip, which has no index',
      'gzip -1 -k disk.img',
      'disk.img.gz',
      /packed as gzip without an index.*platter copy/u,
    ],
    [
      'a cut virtual disk',
      'head -c 70000 /dev/zero > no.vhdx; printf vhdxfile | dd of=no.vhdx conv=notrunc status=none',
      'no.vhdx',
      /platter: \S+no\.vhdx: /u,
    ],
    ['an empty file', ': > empty.img', 'empty.img', /is empty/u],
    ['nothing', ':', 'nowhere.img', /There is nothing at this path/u],
    ['a folder', ':', 'files', /is a directory|neither/iu],
  ])('refuses %s and leaves nothing behind', async (_what, command, name, words) => {
    await disk.run(command);

    const { code, stderr } = await platter(['mount', disk.at(name), join(work, 'view')]);

    expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
    expect([readdirSync(work), leftBelow(work), servers()]).toEqual([[], [], []]);
  });

  test('refuses partclone in a zstd with several frames, whose places are not those of the partition', async () => {
    writeFileSync(disk.at('part'), forged({ version: 2, used: '1'.repeat(2048) }).image);
    await disk.run(`split -b 1M --filter='cat > piece && zstd -q -1 -c piece' part > part.zst`);

    const { code, stderr } = await platter(['mount', disk.at('part.zst'), join(work, 'view')]);

    expect([code, stderr]).toEqual([2, expect.stringMatching(/packed as zstd without an index.*platter copy/u)]);
    expect([readdirSync(work), leftBelow(work), servers()]).toEqual([[], [], []]);
  });

  test('refuses a folder with files, and one that is open', async () => {
    const { folder } = await opened(disk.at('disk.img'));

    const again = await platter(['mount', disk.at('disk.img'), folder]);
    await close(folder);
    const full = await platter(['mount', disk.at('disk.img'), disk.at('files')]);

    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('platter unmount')]);
    expect([full.code, full.stderr]).toEqual([2, expect.stringContaining('no empty folder')]);
  });

  test('names who keeps it open, and closes the rest', async () => {
    const { folder } = await opened(disk.at('disk.img'));
    const user = spawn('sleep', ['600'], { cwd: join(folder, '1') });

    const busy = await close(folder);
    const left = readdirSync(folder);
    user.kill();
    await new Promise((resolve) => user.once('exit', resolve));
    const closed = await close(folder);

    expect([busy.code, busy.stderr]).toEqual([1, expect.stringContaining(`sleep (${user.pid})`)]);
    expect(left).toEqual(['1', 'images']);
    expect([closed.code, existsSync(folder)]).toEqual([0, false]);
  });

  test('closes what a killed server has left, and says that it is there', async () => {
    const { folder } = await opened(disk.at('disk.img'));
    for (const pid of servers()) process.kill(pid, 'SIGKILL');

    const again = await platter(['mount', disk.at('disk.img'), folder]);
    const closed = await close(folder);

    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('platter unmount')]);
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    expect([existsSync(folder), leftBelow(work)]).toEqual([false, []]);
  });

  test('unmount of a folder in which nothing is open says so', async () => {
    const { code, stderr } = await close(work);

    expect([code, stderr]).toEqual([2, expect.stringContaining('No image is open in this folder')]);
  });

  const other = lacks('setpriv') ?? lacks('unshare') ?? lacks('fusermount3');
  test.skipIf(other !== null)(`serves a user without rights${other === null ? '' : ` (${other})`}`, async () => {
    await disk.run(`${PACKINGS.find(({ name }) => name === 'disk.img.zst')!.command}
      mkdir user && mknod -m 666 user/fuse c 10 229 && chown 65534 user && chmod 755 . && chmod 644 disk.img*`);
    // Here /dev/fuse may be root's alone, and udisks may be there.
    const script = `mount --bind '${disk.at('user/fuse')}' /dev/fuse
      [ ! -e /usr/bin/udisksctl ] || mount --bind /dev/null /usr/bin/udisksctl
      exec setpriv --reuid=65534 --regid=65534 --clear-groups env --unset=XDG_RUNTIME_DIR sh -c "$1"`;
    const view = disk.at('user/view');
    const run = `'${process.execPath}' '${PLATTER}'`;
    const steps = `${run} mount '${disk.at('disk.img.zst')}' '${view}' && id -u && ls -l '${view}/images' &&
      cmp '${disk.at('disk.img')}' '${view}/images/disk.img' && ! touch '${view}/images/new' 2>/dev/null &&
      ${run} unmount '${view}'; echo "ended $?"; grep -c '${view}' /proc/self/mounts`;

    const ran = spawnSync('unshare', [...FOLLOWING, 'sh', '-ec', script, 'sh', steps], {
      encoding: 'utf8',
      env: { ...process.env, PLATTER_STATE: disk.at('user/state') },
    });

    expect(ran.stdout).toMatch(
      /p1\.img +25\.2 MB {2}ext4 "first"\n[^]*65534\n[^]*-r-------- 1 nobody [^]*ended 0\n0\n$/u,
    );
    expect(ran.stderr).toMatch(/install udisks2.*sudo env --unset=SUDO_UID .* mount /u);
    expect(existsSync(view)).toBe(false);
  });
});
