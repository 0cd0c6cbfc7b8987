/**
 * What a tool's own report says, as { passed, failed }. A tool that ends with an error but reports no failure,
 * or reports nothing, counts as one failure: silence is never a pass.
 */

const settle = (passed, failed, code) => ({ passed, failed: failed || (code === 0 ? 0 : 1) });
const silent = { passed: 0, failed: 1 };

export const sum = results => ({
  passed: results.reduce((total, { passed }) => total + passed, 0),
  failed: results.reduce((total, { failed }) => total + failed, 0),
});

/** vitest's JSON report. A file that cannot be loaded holds no test that could fail, so it counts itself. */
export function countVitest(report, code) {
  if (!report) return silent;
  const broken = report.testResults.filter(
    file => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  return settle(report.numPassedTests, report.numFailedTests + broken.length, code);
}

/** Playwright's JSON report. A test that passes only when tried again is a failure here. */
export function countPlaywright(report, code) {
  if (!report?.stats) return silent;
  const { expected, unexpected, flaky } = report.stats;
  return settle(expected, unexpected + flaky + (report.errors?.length && !unexpected ? 1 : 0), code);
}

/** Python's unittest prints `Ran N tests` and `FAILED (failures=1, errors=2, skipped=3)`. */
export function countUnittest(output, code) {
  const count = pattern => Number(pattern.exec(output)?.[1] ?? 0);
  const ran = count(/^Ran (\d+) tests?/m);
  if (ran === 0) return silent;
  const failed = count(/\bfailures=(\d+)/) + count(/\berrors=(\d+)/);
  return settle(Math.max(0, ran - failed - count(/\bskipped=(\d+)/)), failed, code);
}

/** Node's own test runner ends its TAP with `# pass N` and `# fail N`. */
export function countTap(output, code) {
  const count = word => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  if (count('tests') === 0) return silent;
  return settle(count('pass'), count('fail') + count('cancelled'), code);
}
