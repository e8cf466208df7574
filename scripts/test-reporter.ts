import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Says at the end how many tests ran, and of every skipped one why. With CI set, a skip is a failure. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skips: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed++;
        else if (result.state === "failed") counts.failed++;
        else {
          counts.skipped++;
          skips.push(`skipped: ${module.relativeModuleId} > ${test.fullName}: ${reasonOf(test)}`);
        }
      }
      // A file that does not load has no tests to fail, but must not look like success.
      if (module.state() === "failed" && module.errors().length > 0) counts.failed++;
    }
    process.stdout.write(`\n${skips.map((line) => `${line}\n`).join("")}`);
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    if (counts.skipped > 0 && process.env["CI"] === "true") {
      process.stdout.write("A skipped test is a failure here: install what it names.\n");
      process.exitCode = 1;
    }
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" ? result.note : undefined) ?? "no reason given";
}
