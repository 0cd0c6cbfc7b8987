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

/** Whether its outputs say that its types are wrong. */
const warns = ({ outputs = [] }: Cell): boolean =>
  outputs.some(({ data }) => /^\d+ type warnings?\b/.test([data?.['text/plain'] ?? ''].flat().join('')));
const isToWarn = ({ metadata }: Cell): boolean => metadata.tags?.includes('type-warning') ?? false;
const sourceOf = ({ source }: Cell): string => [source].flat().join('');

test.each(guides)('%s', name => {
  const file = readFileSync(folder + name);
  const { cells } = JSON.parse(file.toString()) as { cells: Cell[] };
  expect(file.length).toBeLessThan(MOST);
  expect(cells.some(({ outputs }) => outputs?.length)).toBe(true);
  expect(cells.filter(warns).map(sourceOf)).toEqual(cells.filter(isToWarn).map(sourceOf));
});
