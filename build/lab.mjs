// `npm run lab -- PRESET`: a disk that fails as told, for a person at a terminal. `npm run lab -- --help` lists what
// there is; test/lab/README.md says more. Runs on Node 20.
import { distributionPackages } from './debian.mjs';
import { fail, inRoot, must } from './tools.mjs';

async function lab() {
  await distributionPackages('lab');
  await must('make', ['-s', '-C', inRoot('test/lab')]);
  // Ctrl-C on the terminal reaches the disk too. This process waits for its end. Other signals are passed on.
  let child;
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill(signal));
  await must(inRoot('out/lab/labdisk'), process.argv.slice(2), {
    cwd: process.env.INIT_CWD ?? process.cwd(), // npm was called here, so relative paths start here
    stdio: 'inherit',
    onSpawn: (spawned) => (child = spawned),
  });
}

await lab().catch(fail);
