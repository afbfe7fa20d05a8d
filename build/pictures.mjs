// `npm run pictures`: all the set-up, then the README's pictures, taken from the real app. As root. Starts on Node 20.
// `npm run pictures -- --all [PART OF A NAME]`: every screen instead, of the built page with made-up drives, into
// artifacts/pictures.
import { readlinkSync } from 'node:fs';
import { onCurrentNode } from './npm.mjs';
import { FOLLOWING } from './own-mounts.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, must } from './tools.mjs';

async function pictures() {
  await onCurrentNode(import.meta.url);
  await setUp('pictures');
  const [all, only] = process.argv.slice(2);
  if (all === '--all') {
    const named = only === undefined ? [] : [only];
    await must(process.execPath, [inRoot('test/renderer/pictures.ts'), inRoot('artifacts/pictures'), ...named], {
      stdio: 'inherit',
    });
    return;
  }
  // In its own mount namespace, where it hides other people's loop devices from the app.
  const program = [
    process.execPath,
    inRoot('test/electron/pictures.ts'),
    inRoot('build/pictures'),
    readlinkSync('/proc/self/ns/mnt'),
  ];
  await must('unshare', [...FOLLOWING, ...program], { stdio: 'inherit' });
}

await pictures().catch(fail);
