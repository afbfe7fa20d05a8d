// `npm run package [-- FORMAT...]`: all the set-up, then what users install, in out/packages. Starts on Node 20.
import { parseArgs } from 'node:util';
import { onCurrentNode } from './npm.mjs';
import { setUp } from './setup.mjs';
import { fail, inRoot, say, Stop } from './tools.mjs';

const HELP = `npm run package -- [FORMAT...] [options]
  FORMAT          deb, rpm, tar.gz, AppImage, or tree: only the files they hold. All if none is said. deb and rpm are two
                  packages each: platter-cli, the command line, and platter, the window
  --out FOLDER    where they go; out/packages if not said
  --fast          hardly compressed: for tests
PLATTER_ELECTRON_DIST names the folder of another Electron than node_modules/electron/dist.
`;

async function main() {
  await onCurrentNode(import.meta.url);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: inRoot('out/packages') },
      fast: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  await setUp('package');
  const { FORMATS, makePackages } = await import('./package/packages.mjs');
  const unknown = positionals.filter((name) => name !== 'tree' && !(name in FORMATS));
  if (unknown.length > 0)
    throw new Stop(`no such package: ${unknown.join(', ')}. There are: ${Object.keys(FORMATS).join(', ')}, tree`);
  const made = await makePackages(positionals.length > 0 ? positionals : Object.keys(FORMATS), values);
  for (const path of made) process.stdout.write(`${path}\n`);
  if (made.length === 0) say('package: nothing was packed');
}

await main().catch(fail);
