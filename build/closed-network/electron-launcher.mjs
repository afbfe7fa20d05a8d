// Stands in for Electron's own default_app.asar, which the registry's repack does not have: `electron [-r MODULE]
// [-v] PATH` behaves as with the official download. Packed into resources/default_app.asar by electron-repack.mjs.
import { app } from 'electron';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const args = process.argv.slice(1);
const modules = [];
let path;
for (let i = 0; i < args.length && path === undefined; i++) {
  if (args[i] === '-v' || args[i] === '--version') {
    console.log(`v${process.versions.electron}`);
    process.exit(0);
  } else if (args[i] === '-r' || args[i] === '--require') modules.push(args[++i]);
  else if (!args[i].startsWith('-')) path = resolve(args[i]);
}
if (path === undefined) {
  console.error('Usage: electron [-r MODULE] [-v] PATH');
  process.exit(1);
}

Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });
const require = createRequire(join(process.cwd(), 'launcher.js'));
modules.forEach((module) => require(module));

let main = path;
if (statSync(path).isDirectory()) {
  const manifest = join(path, 'package.json');
  const about = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  app.setName(about.productName ?? about.name ?? app.getName());
  app.setDesktopName(about.desktopName ?? `${app.getName()}.desktop`);
  app.setVersion(about.version ?? app.getVersion());
  app.setAppPath(path);
  main = join(path, about.main ?? 'index.js');
}
await import(pathToFileURL(main).href);
