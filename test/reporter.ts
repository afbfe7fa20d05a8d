// Writes the counts, every skip with its reason, and every failure into the file that PLATTER_TEST_REPORT names. `npm
// test` reads it.
import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { canLab } from './lab/lab.ts';

/** The counts of one stage. A skip reads "file: test: reason", a failure "file: test" and its errors below. */
interface Counts {
  passed: number;
  failed: number;
  skips: string[];
  failures: string[];
}

/** Most lines of an error to keep. */
const ERROR_LINES = 8;

/** No name filter was given. */
const ALL = process.env.PLATTER_TEST_NAME === undefined;

/** The reason for skipIf and runIf, which cannot give one. They are used where a test needs the lab or root. */
const unsaid = canLab() ?? 'no reason given';

/** `endedEarly`: the run ended after this many failures, and the rest was skipped. */
function reasonOf(test: TestCase, note: string | undefined, endedEarly: boolean): string {
  if (note !== undefined) return note;
  for (let suite = test.parent; suite.type === 'suite'; suite = suite.parent) {
    if (suite.errors().length > 0) return 'what has to come before it failed';
  }
  if (test.module.errors().length > 0) return 'what has to come before it failed';
  return endedEarly ? 'left out after too many failures' : unsaid;
}

/** The failures, with the first lines of their errors. */
const said = (what: string, errors: readonly SerializedError[]): string =>
  [what, ...errors.map(({ message }) => message.split('\n').slice(0, ERROR_LINES).join('\n'))].join('\n');

export default class CountsReporter implements Reporter {
  #bail = 0;

  onInit({ config }: Vitest): void {
    this.#bail = config.bail ?? 0;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts: Counts = {
      passed: 0,
      failed: unhandledErrors.length,
      skips: [],
      failures: unhandledErrors.map((error) => said('outside all tests', [error])),
    };
    const failures = modules.flatMap((module) => [...module.children.allTests('failed')]).length;
    const endedEarly = this.#bail > 0 && failures >= this.#bail;
    for (const module of modules) {
      counts.failed += module.errors().length; // a file that could not be loaded, or failed outside its tests
      if (module.errors().length > 0) counts.failures.push(said(module.relativeModuleId, module.errors()));
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed++;
        else if (result.state === 'skipped' && (ALL || result.note !== undefined))
          counts.skips.push(`${module.relativeModuleId}: ${test.fullName}: ${reasonOf(test, result.note, endedEarly)}`);
        else if (result.state !== 'skipped') {
          counts.failed++;
          counts.failures.push(said(`${module.relativeModuleId}: ${test.fullName}`, result.errors ?? []));
        }
      }
    }
    writeFileSync(process.env.PLATTER_TEST_REPORT ?? 'out/test/counts.json', JSON.stringify(counts));
  }
}
