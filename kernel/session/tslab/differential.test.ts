/**
 * The same cells by this kernel and by tslab's converter: values shown, errors, and what the variables are in the end.
 * What tslab makes of a cell is recorded (`fixtures/record.mjs`); each difference is listed and judged in
 * `docs/coming-from-tslab.md`.
 */
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEvaluator, type Evaluator } from '../evaluate.ts';
import { createConvertedEvaluator, createTslabEvaluator, type Converted } from './evaluator.ts';

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
const notebooks = fixture('notebooks.txt')
  .replace(/\n$/, '')
  .split('\n====\n')
  .map(notebook => notebook.split('\n%%%%\n'));
const converted = JSON.parse(fixture('converted.json')) as Converted[][];

const cwd = mkdtempSync(join(tmpdir(), 'tslab-'));
const require = createRequire(import.meta.url);
const home = process.cwd();
beforeEach(() => {
  // where tslab looks for types
  mkdirSync(join(cwd, 'node_modules/@types'), { recursive: true });
  process.chdir(cwd);
  for (const name of ['log', 'error'] as const) vi.spyOn(console, name).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  process.chdir(home);
  delete (globalThis as Record<string, unknown>).shared;
});

/** What a reader sees of each cell, and of all variables at the end. */
async function outcome(evaluator: Evaluator, cells: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  for (const [i, cell] of cells.entries())
    try {
      const { hasValue, value } = await evaluator.run(cell, i + 1);
      seen.push(hasValue ? show(value) : '–');
    } catch (error) {
      const { name, message } = error as Error;
      seen.push(error instanceof Error ? `${name}: ${message}` : `thrown: ${show(error)}`);
    }
  const { scope } = evaluator;
  const names = evaluator.names().sort();
  return [...seen, names.map(name => `${name} = ${show(scope[name])}`).join('; ')];
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  // a namespace object, and what tslab copies it into
  if (Object.hasOwn(Object(value) as object, 'default')) return '[module]';
  return inspect(value, { depth: 3, breakLength: Infinity });
}

/** A row of the table for each cell that differs; the last is what the variables are in the end. */
async function compare(index: number): Promise<string[][]> {
  const cells = notebooks[index];
  const recorded = [...converted[index]];
  const theirs = await outcome(
    createConvertedEvaluator(() => recorded.shift() as Converted, cwd),
    cells,
  );
  const ours = await outcome(createEvaluator({ cwd, check() {}, breakOnSigint: false }), cells);
  return theirs.flatMap((text, i) =>
    text === ours[i] ? [] : [[cells[i] ?? `variables after ${cells.join('; ')}`, text, ours[i]].map(oneLine)],
  );
}

const oneLine = (text: string): string => text.replaceAll('\n', ' ⏎ ');

/** Cell, tslab's answer and ours, as the page has them. */
function listed(): string[][] {
  const page = readFileSync(new URL('../../../docs/coming-from-tslab.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter(line => /^\| +`/.test(line));
  return rows.map(row => {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    expect(cells[3].trim(), `a judgement in ${row}`).toMatch(/\w/);
    return cells.slice(0, 3).map(cell =>
      cell
        .trim()
        .replaceAll('\\|', '|')
        .replace(/^(`+) ?([^]*?) ?\1$/, '$2'),
    );
  });
}

test('at least 200 cells', () => {
  expect(converted.map(cells => cells.length)).toEqual(notebooks.map(cells => cells.length));
  expect(notebooks.flat().length).toBeGreaterThanOrEqual(200);
});

test('every difference is one that is listed, and every one listed is there', async () => {
  const found: string[][] = [];
  for (const index of notebooks.keys()) found.push(...(await compare(index)));
  expect(found).toEqual(listed());
});

test('the recording is what tslab makes of the cells today; its converter as an option', async () => {
  symlinkSync(dirname(require.resolve('@types/node/package.json')), join(cwd, 'node_modules/@types/node'));
  for (const index of [70, 79, 93, 100]) {
    const recorded = [...converted[index]];
    const replayed = createConvertedEvaluator(() => recorded.shift() as Converted, cwd);
    const live = createTslabEvaluator({ cwd });
    expect(await outcome(live, notebooks[index])).toEqual(await outcome(replayed, notebooks[index]));
  }
}, 60_000);
