// Loaded into Electron's main process before the app: starts PLATTER_TEST_HOST wherever main starts the engine host.
const children = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');

const { spawn } = children;
const { PLATTER_TEST_HOST: host, PLATTER_TEST_NODE: node } = process.env;
children.spawn = (program, args = [], ...rest) =>
  args.some((arg) => arg.endsWith('/engine/host.js')) ? spawn(node, [host], ...rest) : spawn(program, args, ...rest);
syncBuiltinESMExports();
