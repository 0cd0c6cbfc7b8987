/** The blocks of docs/cells.md and docs/widgets.md run as the cells of a notebook; `// → text` is what a value shows as. */
import { mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { textOf } from '../display/text.ts';
import { widget } from '../display/widget.ts';
import { createEvaluator } from './evaluate.ts';

const home = process.cwd();
const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'page-')));
beforeAll(() => {
  process.chdir(cwd);
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation(() => true);
});
afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(home);
});

const blocksOf = (name: string): string[] => {
  const page = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
  return [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block]) =>
    // here the package is its sources, which Node can not import
    block.replace(/^import \{ widget \} from 'neuronbook';$/m, '').trimEnd(),
  );
};

test.each([
  ['cells', 15],
  ['widgets', 5],
])('%s', async (name, least) => {
  const blocks = blocksOf(name);
  expect(blocks.length).toBeGreaterThanOrEqual(least);
  const evaluator = createEvaluator({ cwd, check() {}, globals: { widget } });
  for (const [i, block] of blocks.entries()) {
    const { hasValue, value } = await evaluator.run(block, i + 1);
    const [, said] = /\/\/ → (.*)$/.exec(block) ?? [];
    if (said === 'hidden') expect(hasValue, block).toBe(false);
    else if (said !== undefined) expect(textOf(value).replace(/\s+/g, ' '), block).toBe(said);
  }
});
