// The packages that Platter needs from the distribution. Installs the missing ones when root runs it on Debian, and
// prints the command otherwise. Runs on Node 20.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, run, say, Stop } from './tools.mjs';

/** Groups of packages. `without` says what is lost when some are missing; null when set-up cannot continue. */
const groups = {
  engine: { names: ['cmake', 'g++', 'make', 'python3', 'util-linux'], without: null },
  uring: {
    names: ['liburing-dev'],
    without: 'the engine is built without io_uring and copies with threads, which is slower',
  },
  unpack: {
    names: ['libbz2-dev', 'liblz4-dev', 'liblzma-dev', 'libssl-dev', 'libzstd-dev', 'zlib1g-dev'],
    without: 'packed images (.xz, .gz, .zip and others) cannot be read',
  },
  serve: { names: ['fuse3', 'libfuse3-dev'], without: 'images cannot be mounted' },
  isal: { names: ['libisal-dev'], without: 'gzip is decoded by zlib, at less than half the speed' },
  used: {
    names: ['btrfs-progs', 'e2fsprogs', 'exfatprogs', 'ntfs-3g', 'xfsprogs'],
    without: '--used copies partitions with their file systems as a whole',
  },
  window: {
    names: [
      'libgtk-3-0',
      'libnss3',
      'libasound2',
      'libgbm1',
      'libxss1',
      'libatk-bridge2.0-0',
      'libdrm2',
      'libxkbcommon0',
      'libcups2',
    ],
    without: 'the window may not open',
  },
  lab: {
    names: ['btrfs-progs', 'fuse3', 'libfuse3-dev', 'mount', 'pkg-config', 'xfsprogs'],
    without: 'there are no disks that fail on command',
  },
  test: {
    names: [
      'chromium',
      'clang',
      '7zip',
      'android-sdk-libsparse-utils',
      'bzip2',
      'clang-format',
      'cpio',
      'cryptsetup-bin',
      'dbus',
      'doctest-dev',
      'dosfstools',
      'e2fsprogs',
      'exfat-fuse',
      'exfatprogs',
      'f2fs-tools',
      'fdisk',
      'gddrescue',
      'gdisk',
      'genisoimage',
      'gpg',
      'gpgv',
      'lbzip2',
      'libclang-rt-14-dev',
      'lz4',
      'lzip',
      'lzop',
      'minisign',
      'mtools',
      'ntfs-3g',
      'parted',
      'partclone',
      'pbzip2',
      'pigz',
      'pixz',
      'pkexec',
      'polkitd',
      'poppler-utils',
      'python3-dbus',
      'python3-gi',
      'qemu-utils',
      'signify-openbsd',
      'squashfs-tools',
      'strace',
      'sudo',
      'tabix',
      'xauth',
      'xorriso',
      'xvfb',
      'xxhash',
      'xz-utils',
      'zip',
      'zstd',
    ],
    without: 'tests that need them fail',
  },
  pictures: { names: ['pngquant'], without: 'pictures cannot be made' },
  package: { names: ['binutils', 'dpkg-dev', 'librsvg2-bin'], without: null },
  rpm: { names: ['rpm'], without: 'no rpm is made' },
  judges: {
    names: ['appstream', 'debootstrap', 'desktop-file-utils', 'lintian', 'man-db', 'shared-mime-info'],
    without: 'tests of the package fail',
  },
  bench: {
    names: ['dcfldd', 'fio', 'gddrescue', 'lbzip2', 'lz4', 'partclone', 'pbzip2', 'pigz', 'pixz', 'xvfb', 'zstd'],
    without: 'the table lacks the programs that are missing',
  },
};

/** Which groups each purpose needs. */
const purposes = {
  tools: [],
  cli: ['engine', 'uring', 'unpack', 'serve', 'isal', 'used'],
  window: ['engine', 'uring', 'unpack', 'serve', 'isal', 'used', 'window'],
  lab: ['engine', 'lab'],
  test: ['engine', 'uring', 'unpack', 'serve', 'isal', 'used', 'window', 'lab', 'test', 'package', 'rpm', 'judges'],
  pictures: ['engine', 'uring', 'unpack', 'serve', 'isal', 'window', 'lab', 'test', 'pictures'],
  package: ['engine', 'uring', 'unpack', 'serve', 'isal', 'package', 'rpm'],
  bench: ['engine', 'uring', 'unpack', 'serve', 'isal', 'window', 'lab', 'package', 'bench'],
};

/** The programs to look for where there is no dpkg, by package of the engine. */
const programs = { cmake: 'cmake', 'g++': 'g++', make: 'make', python3: 'python3', 'util-linux': 'lsblk' };

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder
    }
  });
}

/** Names that dpkg knows as installed, "Provides" included; null on a distribution without dpkg. */
async function installedNames() {
  if (!isOnPath('dpkg-query')) return null;
  const { code, stdout } = await capture('dpkg-query', [
    '--show',
    '--showformat',
    '${db:Status-Status}|${Package}, ${Provides}\n',
  ]);
  if (code !== 0) throw new Stop('dpkg-query failed; its reason is above');
  const lines = stdout.split('\n').filter((line) => line.startsWith('installed|'));
  return new Set(
    lines.flatMap((line) =>
      line
        .slice('installed|'.length)
        .split(',')
        .map((name) => name.trim().split(' ')[0]),
    ),
  );
}

async function missingOf(names, installed) {
  if (installed) return names.filter((name) => !installed.has(name));
  return names.filter((name) => name in programs && !isOnPath(programs[name]));
}

async function aptInstall(names) {
  // Show errors (stderr), but not the progress of each package (stdout).
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 2] };
  const install = ['install', '--yes', '--quiet=2', '--no-install-recommends', ...names];
  say(`apt: installing ${names.join(' ')}`);
  if ((await run('apt-get', install, options)) === 0) return;
  say('apt: trying again with fresh package lists');
  if ((await run('apt-get', ['update', '--quiet=2'], options)) === 0) await run('apt-get', install, options);
}

/**
 * Installs the distribution's packages for `purpose` ('tools', 'cli', 'window', 'lab', 'test', 'package' or 'bench').
 * Throws Stop when a package is missing that `purpose` cannot do without. Names the other missing ones.
 */
export async function distributionPackages(purpose) {
  const wanted = purposes[purpose].map((group) => groups[group]);
  if (wanted.length === 0) return;
  const all = wanted.flatMap(({ names }) => names);
  let installed = await installedNames();
  let missing = await missingOf(all, installed);
  if (missing.length > 0 && installed && process.getuid?.() === 0 && isOnPath('apt-get')) {
    await aptInstall(missing);
    installed = await installedNames();
    missing = await missingOf(all, installed);
  }
  for (const { names, without } of wanted) {
    const lacking = names.filter((name) => missing.includes(name));
    if (lacking.length === 0) continue;
    const remedy = installed
      ? `sudo apt-get install --no-install-recommends ${lacking.join(' ')}`
      : `install ${lacking.join(', ')}`;
    if (without === null) throw new Stop(`${lacking.join(', ')} must be installed first: ${remedy}`);
    say(`platter: ${lacking.join(', ')} missing: ${without}. To install: ${remedy}`);
  }
}
