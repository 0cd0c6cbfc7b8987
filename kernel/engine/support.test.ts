/** The committed table of operators is what the rules say. Write it again: vitest run engine/support.test.ts -u */
import { expect, test } from 'vitest';
import { supportPage } from './support.ts';

test('docs/operators.md is up to date', async () => {
  await expect(supportPage()).toMatchFileSnapshot('../../docs/operators.md');
});

test('each way of a gradient is told apart', () => {
  const row = (op: string) =>
    supportPage()
      .split('\n')
      .find(line => line.startsWith(`| ${op} `))!
      .split('|')
      .slice(1, 3)
      .map(cell => cell.trim());
  expect([row('Conv'), row('GroupNormalization'), row('ArgMax')]).toEqual([
    ['Conv', 'yes'],
    ['GroupNormalization', 'by parts'],
    ['ArgMax', 'none flows'],
  ]);
});
