// Jazzer.js is libFuzzer for Node. Its addon is built for a glibc of 2023. On an older system (Debian 12) the addon
// lacks three functions of glibc and libstdc++, so a patched copy of it gets them from a shim.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { workarounds } from './switch.mjs';
import { inRoot } from '../tools.mjs';

/** The versions that those three functions need. */
const NEWER = ['GLIBC_2.38', 'GLIBCXX_3.4.32'];

const SHIM = `
#include <cstdlib>
#include <iostream>
extern "C" long __isoc23_strtol(const char* text, char** end, int base) { return std::strtol(text, end, base); }
extern "C" unsigned long __isoc23_strtoul(const char* text, char** end, int base) { return std::strtoul(text, end, base); }
void library_init() __asm__("_ZSt21ios_base_library_initv");
void library_init() {}  // what it does, <iostream> does in this file
`;

/** Arguments and environment with which Node loads Jazzer.js here. Throws an Error with the reason when it cannot. */
export function addon() {
  const require = createRequire(import.meta.url);
  const prebuilt = join(
    dirname(createRequire(require.resolve('@jazzer.js/core')).resolve('@jazzer.js/fuzzer')),
    '..',
    'prebuilds',
    `fuzzer-${process.platform}-${process.arch}.node`,
  );
  const asItIs = { args: [], env: {} };
  const said = whyNot(prebuilt, asItIs.env);
  if (said === null) return asItIs;
  if (workarounds === 'never' || !NEWER.some((version) => said.includes(version)))
    throw new Error(`Jazzer.js cannot be loaded: ${said}`);

  const folder = inRoot('out/fuzz');
  mkdirSync(folder, { recursive: true });
  const patched = join(folder, 'fuzzer.node');
  const shim = join(folder, 'newer-libc.so');
  writeFileSync(patched, withoutNeed(readFileSync(prebuilt)));
  execFileSync('g++', ['-shared', '-fPIC', '-O1', '-x', 'c++', '-', '-o', shim], { input: SHIM });
  const env = { LD_PRELOAD: shim, PLATTER_FUZZ_ADDON: patched };
  const still = whyNot(patched, env);
  if (still !== null) throw new Error(`Jazzer.js cannot be loaded: ${still}`);
  return { args: ['--require', inRoot('build/closed-network/redirect.cjs')], env };
}

/** Why the addon at `path` cannot be loaded, in one line; null when it can. */
function whyNot(path, env) {
  const { status, stderr } = spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(path)})`], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return status === 0 ? null : (/^Error: (.*)$/m.exec(stderr)?.[1] ?? `Node ended with ${status}`);
}

/**
 * Marks the versions in NEWER as optional (VER_FLG_WEAK) in a 64-bit ELF file. The loader then takes their symbols from
 * any library that has them.
 */
function withoutNeed(elf) {
  const sections = Number(elf.readBigUInt64LE(40));
  const section = (index) => {
    const at = sections + index * elf.readUInt16LE(58);
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      link: elf.readUInt32LE(at + 40),
    };
  };
  const needs = Array.from({ length: elf.readUInt16LE(60) }, (_, index) => section(index)).find(
    ({ type }) => type === 0x6ffffffe,
  );
  if (needs === undefined) return elf;
  const names = section(needs.link).offset;
  // Each library lists the versions that are needed of it. Each entry has the distance to the next one, the last one 0.
  for (let library = needs.offset, next = 1; next > 0; library += next) {
    for (let version = library + elf.readUInt32LE(library + 8), step = 1; step > 0; version += step) {
      const name = names + elf.readUInt32LE(version + 8);
      if (NEWER.includes(elf.toString('latin1', name, elf.indexOf(0, name))))
        elf.writeUInt16LE(elf.readUInt16LE(version + 4) | 2, version + 4);
      step = elf.readUInt32LE(version + 12);
    }
    next = elf.readUInt32LE(library + 12);
  }
  return elf;
}
