// Gives build/test.mjs what it adds up, in the file that PLATTER_TEST_REPORT names: counts, and every skip with its reason.
import { writeFileSync } from 'node:fs';

export default class Counts {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skips: [] };
    for (const module of modules) {
      counts.failed += module.errors().length; // a file that could not be loaded, or failed outside its tests
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'skipped') counts.skips.push(`${module.relativeModuleId}: ${test.fullName}: ${note ?? 'no reason given'}`);
        else counts.failed++;
      }
    }
    writeFileSync(process.env.PLATTER_TEST_REPORT, JSON.stringify(counts));
  }
}
