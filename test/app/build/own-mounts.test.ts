// The mount namespace of the tests.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const OWN_MOUNTS = join(import.meta.dirname, '../../../build/own-mounts.mjs');

/** Unmounts a file system while a namespace that began with it goes on, and prints what is left of it there. */
const LOOK = `
mount -t tmpfs own-mounts "$1"
unshare --mount --propagation slave sh -c 'echo; exec sleep 600' >"$2" &
until [ -s "$2" ]; do sleep 0.02; done
umount "$1"
grep -c own-mounts "/proc/$!/mounts" || true
kill $!`;

const root = process.getuid?.() === 0;
test.skipIf(!root)(`a namespace of one test keeps no mount of another${root ? '' : ' (needs root)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'platter-own-mounts-'));
  const script = join(folder, 'script.mjs');
  const look = JSON.stringify(['-ec', LOOK, 'sh', folder, `${folder}-began`]);
  writeFileSync(
    script,
    `import { spawnSync } from 'node:child_process';
    import { inOwnMounts } from ${JSON.stringify(OWN_MOUNTS)};
    process.exitCode = (await inOwnMounts(${JSON.stringify(script)}, [])) ??
      spawnSync('sh', ${look}, { stdio: 'inherit' }).status;`,
  );
  const env = { ...process.env, PLATTER_OWN_MOUNTS: undefined };

  const left = execFileSync(process.execPath, [script], { encoding: 'utf8', env });

  expect(left).toBe('0\n');
  rmSync(folder, { recursive: true });
  rmSync(`${folder}-began`);
});
