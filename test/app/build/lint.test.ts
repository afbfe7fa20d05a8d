// The linter's own rules can fail: each reports a planted offence under its name.
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const eslint = new ESLint({ cwd: root, overrideConfigFile: 'build/eslint.config.mjs' });

/** Names of the rules that report `code` as the content of the existing file `path`. */
async function reported(path: string, code: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(code, { filePath: `${root}${path}` });
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
}

describe("the linter's rules on imports", () => {
  const boundary = 'boundaries/dependencies';
  it.each([
    ['app/contract/jobs.ts', '../engine/native/addon.ts', boundary],
    ['app/preload.ts', './engine/native/addon.ts', boundary],
    ['app/engine/native/addon.ts', '../../main/window.ts', boundary],
    ['app/engine/formats/chunks.ts', '../native/addon.ts', boundary],
    ['app/engine/devices/block-devices.ts', '../admission/refusals.ts', boundary],
    ['app/engine/admission/refusals.ts', '../job/job.ts', boundary],
    ['app/client/client.ts', '../engine/engine.ts', boundary],
    ['app/records/log.ts', '../engine/job/job.ts', boundary],
    ['app/cli/output/text.ts', '../../main/window.ts', boundary],
    ['app/cli/output/text.ts', '../../engine/native/addon.ts', boundary],
    ['app/main/window.ts', '../engine/native/addon.ts', boundary],
    ['renderer/bridge.ts', '../app/engine/native/addon.ts', boundary],
    ['app/engine/native/addon.ts', 'electron', 'no-restricted-imports'],
    ['renderer/bridge.ts', 'electron', 'no-restricted-imports'],
    ['renderer/bridge.ts', 'node:fs', 'no-restricted-imports'],
    ['app/cli/output/text.ts', '../../contract/jobs', 'no-restricted-imports'],
  ])('rejects in %s an import of %s', async (path, module, rule) => {
    expect(await reported(path, `import '${module}';\n`)).toEqual([rule]);
  });

  it.each([
    ['app/cli/output/text.ts', '../../base/errors.ts'],
    ['app/engine/job/job.ts', '../admission/prepared.ts'],
    ['app/main/window.ts', '../contract/window.ts'],
    ['app/main/window.ts', 'electron'],
    ['renderer/bridge.ts', '../app/contract/window.ts'],
  ])('accepts in %s an import of %s', async (path, module) => {
    expect(await reported(path, `import '${module}';\n`)).toEqual([]);
  });
});

describe("the linter's rules on types", () => {
  it.each([
    ['any', 'export const nothing = (value: any): boolean => value === 1;\n', '@typescript-eslint/no-explicit-any'],
    [
      'a forgotten promise',
      'export function forget(): void {\n  Promise.resolve(1);\n}\n',
      '@typescript-eslint/no-floating-promises',
    ],
    ['console.log', "console.log('to stdout');\n", 'no-console'],
  ])('reports %s', async (_what, code, rule) => {
    expect(await reported('app/engine/native/addon.ts', code)).toEqual([rule]);
  });
});
