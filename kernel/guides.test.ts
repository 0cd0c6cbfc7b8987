/** The guides as they are committed: with outputs that read elsewhere, small enough, and without warnings of their own. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Output {
  output_type: string;
  data?: Record<string, string | string[]>;
}
interface Cell {
  cell_type: string;
  source: string | string[];
  metadata: { tags?: string[] };
  outputs?: Output[];
}

const folder = fileURLToPath(new URL('../notebooks/guide/', import.meta.url));
const guides = readdirSync(folder).filter(name => name.endsWith('.ipynb'));
/** In bytes. */
const MOST = 1.5e6;

/** Cells of a notebook whose outputs say that their types are wrong, but for those that are tagged to show it. */
const warned = (cells: readonly Cell[]): string[] =>
  cells
    .filter(({ metadata }) => !metadata.tags?.includes('type-warning'))
    .filter(({ outputs = [] }) =>
      outputs.some(({ data }) => /^\d+ type warnings?\b/.test([data?.['text/plain'] ?? ''].flat().join(''))),
    )
    .map(({ source }) => [source].flat().join(''));

test.each(guides)('%s', name => {
  const file = readFileSync(folder + name);
  const { cells } = JSON.parse(file.toString()) as { cells: Cell[] };
  expect(file.length).toBeLessThan(MOST);
  expect(cells.some(({ outputs }) => outputs?.length)).toBe(true);
  expect(warned(cells)).toEqual([]);
});
