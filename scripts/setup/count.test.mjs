/** The last line of `npm test` is only as honest as these counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPlaywright, countTap, countUnittest, countVitest, sum } from './count.mjs';

const file = (status, ...statuses) => ({ status, assertionResults: statuses.map(status => ({ status })) });

test('vitest: passes and failures as reported', () => {
  const report = { numPassedTests: 5, numFailedTests: 2, testResults: [file('failed', 'failed', 'failed')] };
  assert.deepEqual(countVitest(report, 1), { passed: 5, failed: 2 });
});

test('vitest: a file that does not load is a failure', () => {
  const report = {
    numPassedTests: 5,
    numFailedTests: 0,
    testResults: [file('passed', 'passed'), file('failed')],
  };
  assert.deepEqual(countVitest(report, 1), { passed: 5, failed: 1 });
});

test('vitest: an unhandled error outside every test is a failure', () => {
  const report = { numPassedTests: 5, numFailedTests: 0, testResults: [file('passed', 'passed')] };
  assert.deepEqual(countVitest(report, 1), { passed: 5, failed: 1 });
});

test('no report is a failure, whatever the exit code', () => {
  for (const count of [countVitest, countPlaywright])
    assert.deepEqual(count(undefined, 0), { passed: 0, failed: 1 });
  for (const count of [countUnittest, countTap]) assert.deepEqual(count('', 0), { passed: 0, failed: 1 });
});

test('playwright: a flaky test is a failure', () => {
  const stats = { expected: 7, unexpected: 1, flaky: 1, skipped: 2 };
  assert.deepEqual(countPlaywright({ stats, errors: [] }, 1), { passed: 7, failed: 2 });
});

test('playwright: a server that does not start is a failure', () => {
  const stats = { expected: 0, unexpected: 0, flaky: 0, skipped: 9 };
  assert.deepEqual(countPlaywright({ stats, errors: [{ message: 'timed out' }] }, 1), {
    passed: 0,
    failed: 1,
  });
});

test('unittest: skipped tests do not count as passed', () => {
  const output = 'Ran 20 tests in 9.1s\n\nFAILED (failures=1, errors=2, skipped=3)\n';
  assert.deepEqual(countUnittest(output, 1), { passed: 14, failed: 3 });
  assert.deepEqual(countUnittest('Ran 20 tests in 9.1s\n\nOK (skipped=3)\n', 0), { passed: 17, failed: 0 });
});

test('tap: as reported', () => {
  assert.deepEqual(countTap('# tests 3\n# pass 2\n# fail 1\n# cancelled 0\n', 1), { passed: 2, failed: 1 });
});

test('a sum adds both', () => {
  const parts = [
    { passed: 1, failed: 0 },
    { passed: 2, failed: 3 },
  ];
  assert.deepEqual(sum(parts), { passed: 3, failed: 3 });
});
