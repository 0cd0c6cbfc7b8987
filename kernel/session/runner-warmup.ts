/**
 * While the runner waits for its first cell, it rewrites a few of its own: the first time takes 4 ms, the thirtieth a
 * tenth of that, and somebody would wait for each of them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { rewriteCell } from './cell.ts';

const samples = [
  '1 + 1',
  'const half = (x: number): number => x / 2\nhalf(4)',
  'let values = [1, 2].map(x => x * 2)\nvalues.push(5);\nconsole.log(values)',
  'function area({ width, height }: { width: number; height: number }) { return width * height }',
  'for (const x of [1, 2]) { if (x > 1) await Promise.resolve(x) }',
  "import { join } from 'node:path'\nclass Place { name = 'here'; at() { return join(this.name, 'x') } }\nnew Place().at()",
];
const ROUNDS = 4;

/** One sample in each turn of the event loop, so that a cell that comes meanwhile waits for no more than one. */
export async function warmUp(isWaiting: () => boolean): Promise<void> {
  for (let i = 0; i < samples.length * ROUNDS && isWaiting(); i++) {
    rewriteCell(samples[i % samples.length], 0);
    await turn();
  }
}
