// Loaded before Jazzer.js (--require): its addon is the file that PLATTER_FUZZ_ADDON names. See fuzzer.mjs.
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return /fuzzer-linux-\w+\.node$/.test(request)
    ? process.env.PLATTER_FUZZ_ADDON
    : resolve.call(this, request, ...rest);
};
