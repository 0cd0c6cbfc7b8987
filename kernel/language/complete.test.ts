/** Completion and inspection where they are hard: arguments, keys, unions, imports, signatures, variables of earlier cells. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createService } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'complete-'));
mkdirSync(join(folder, 'node_modules/local-pkg'), { recursive: true });
writeFileSync(join(folder, 'node_modules/local-pkg/package.json'), '{"name":"local-pkg","types":"i.d.ts"}');
writeFileSync(join(folder, 'node_modules/local-pkg/i.d.ts'), 'export declare const lp: 1;');
writeFileSync(join(folder, 'helper.ts'), 'export const twice = (n: number) => n * 2;');
const service = createService(folder);
[
  'import { tensor } from "neuronbook";',
  '/** Adds.\n * @param b second */\nfunction add(a: number, b: number) { return a + b }\n/** Kept. */\nlet total = 3;\nconst konst = { alpha: 1, beta(n: string) { return 1 } };',
  'type Mode = "fast" | "slow"; function go(mode: Mode, options: { deep?: boolean; wide: number }) {}',
  'enum Color { Red }',
  'interface Shape { kind: "circle" | "square"; r: number }',
].forEach((code, i) => service.addCell(code, i + 1));

const complete = (marked: string) => service.complete(marked.replace('|', ''), [...marked].indexOf('|'));
const inspect = (marked: string, detail = 0) =>
  service.inspect(marked.replace('|', ''), [...marked].indexOf('|'), detail).data['text/plain'];

test.each<[string, string[]]>([
  ['go("|")', ['fast', 'slow']],
  ['go("fast", { | })', ['wide', 'deep']],
  ['const shape: Shape = { kind: "|', ['circle', 'square']],
  ['konst["|"]', ['alpha', 'beta']],
  ['konst?.a|', ['alpha']],
  ['[konst].map(({ al| }) => 1)', ['alpha']],
  ['import { ten| } from "neuronbook"', ['tensor', 'Tensor', 'TensorLike']],
  ['import x from "local|"', ['local-pkg']],
  ['import x from "neuron|"', ['neuronbook']],
  ['import "./he|"', ['helper']],
  ['await import("./he|")', ['helper']],
  ['`${konst.al|}`', ['alpha']],
  ['// konst.|', []],
  ['/* konst.| */', []],
  ['"konst.|"', []],
  ['`konst.|`', []],
  ['5.|', []],
  ['nowhere.|', []],
  ['%whoami|', []],
])('%s', (marked, matches) => {
  expect(complete(marked).matches).toEqual(matches);
});

test('of the names in scope those that begin so, in either case; without a beginning all of them', () => {
  expect(complete('KON|').matches).toEqual(['konst']);
  expect(complete('sha|').matches).toEqual(['SharedArrayBuffer']);
  expect(complete('let inner = 1; { const innermost = 2; inn|').matches).toEqual(['inner', 'innermost']);
  const all = complete('|').matches;
  expect(all.length).toBeGreaterThan(200);
  expect(all).toEqual(expect.arrayContaining(['konst', 'add', 'Color', 'total', 'Map', 'for']));
});

test('kinds and signatures, also of what was imported', () => {
  const described = (marked: string) => complete(marked).metadata._jupyter_types_experimental[0];
  expect(described('add|')).toEqual({
    start: 0,
    end: 3,
    text: 'add',
    type: 'function',
    signature: '(a: number, b: number): number',
  });
  expect(described('konst.b|')).toMatchObject({ type: 'method', signature: '(n: string): number' });
  expect(described('tenso|')).toMatchObject({ type: 'function' });
  expect(described('Colo|')).toMatchObject({ type: 'enum' });
  expect(described('let s: Shap|')).toMatchObject({ type: 'interface' });
  expect(described('displ|')).toMatchObject({ type: 'function' });
});

test('inside a call: its signature and the argument that the cursor is at', () => {
  expect(inspect('add(1, |')).toBe(
    'add(a: number, b: number): number\n\nAdds.\n\nargument 2: b: number\n\n@param b second',
  );
});

test('a variable of an earlier cell has its documentation and its place', () => {
  expect(inspect('total|')).toBe('let total: number\n\nKept.');
  expect(inspect('total|', 1)).toBe(
    'let total: number\n\nKept.\n\ndefined in cell 2, line 5:\nlet total = 3;',
  );
});

test('a type asked for alone', () => {
  expect(inspect('Mode|')).toBe('type Mode = "fast" | "slow"');
  expect(inspect('Sha|pe')).toBe('interface Shape');
});
