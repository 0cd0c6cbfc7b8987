/** The committed table of operators is what the rules say. Write it again: vitest run engine/support.test.ts -u */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { noGradient, stopsGradients } from './op.ts';
import { ruleOf, supportedOps } from './rules.ts';
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

/** Operators that pass gradients and that no test of the engine names. */
function untested(rows: string): string[] {
  return supportedOps().flatMap(([domain, op]) => {
    const rule = ruleOf(domain, op)!;
    const named = new RegExp(`['\`]${op}['\` ,]`).test(rows);
    return rule.gradient === noGradient || stopsGradients(rule) || named ? [] : [op];
  });
}

test('every gradient has a row in a test', () => {
  const folder = fileURLToPath(new URL('./', import.meta.url));
  const files = readdirSync(folder, { recursive: true }).filter(name => String(name).endsWith('.test.ts'));
  const rows = files.map(name => readFileSync(folder + String(name), 'utf8')).join('\n');
  expect(untested(rows)).toEqual([]);
  expect(untested(rows.replaceAll(/['`]Softsign['` ,]/g, ''))).toEqual(['Softsign']);
});
