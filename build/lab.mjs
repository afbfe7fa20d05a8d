// `npm run lab -- PRESET`: a disk that fails as told, for a person at a terminal. `npm run lab -- --help` lists what
// there is; test/lab/README.md says more. Runs on Node 20.
import { distributionPackages } from './debian.mjs';
import { fail, inRoot, must } from './tools.mjs';

async function lab() {
  await distributionPackages('lab');
  await must('make', ['-s', '-C', inRoot('test/lab')]);
  // The terminal's ^C reaches the disk too: its end is ours. Other signals are passed on.
  let child;
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill(signal));
  await must(inRoot('out/lab/labdisk'), process.argv.slice(2), {
    cwd: process.env.INIT_CWD ?? process.cwd(), // where npm was called: paths count from there
    stdio: 'inherit',
    onSpawn: (spawned) => (child = spawned),
  });
}

await lab().catch(fail);
