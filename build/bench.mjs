// `npm run bench`: set-up, then the table. Options are passed on: `npm run bench -- --size 256M --rounds 3`.
import { onCurrentNode } from './npm.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, must } from './tools.mjs';

async function bench() {
  await onCurrentNode(import.meta.url);
  await setUp('bench');
  for (const room of ['test/lab', 'test/bench']) await must('make', ['-s', '-C', inRoot(room)]);
  await must(process.execPath, [inRoot('test/bench/bench.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
}

await bench().catch(fail);
