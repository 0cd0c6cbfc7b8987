/** The examples of docs/training.md run, one after the other, as a reader would run them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { transformSync } from 'oxc-transform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setHost } from '../base/host.ts';
import * as front from '../index.ts';

const page = readFileSync(new URL('../../docs/training.md', import.meta.url), 'utf8');
const home = process.cwd();
const folder = mkdtempSync(`${tmpdir()}/neuronbook-page-`);

beforeAll(() => {
  process.chdir(folder);
  setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
});
afterAll(() => {
  setHost(undefined);
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

test('every example runs, and what it says of its results holds', async () => {
  const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(6);
  const source = blocks.join('').replace(/^import \{([^}]*)\} from 'neuronbook';$/m, '');
  const results = 'return { run, outputs, short, smooth, careful, whole };';
  const { code, errors } = transformSync('page.ts', `async () => {${source}${results}}`);
  expect(errors).toEqual([]);
  const names = Object.keys(front);
  const program = new Function(...names, `return (${code.replace(/;\s*$/, '')})()`) as (
    ...values: unknown[]
  ) => Promise<Record<string, front.Run> & { outputs: Record<string, front.Tensor> }>;
  const { run, outputs, short, smooth, careful, whole } = await program(...Object.values(front));
  expect(run.steps).toBe(200);
  const [inside, outside] = outputs.logits.toArray() as number[][];
  expect([inside[1] > inside[0], outside[1] > outside[0]]).toEqual([true, false]);
  expect([short.steps, short.ended]).toEqual([10, 'data']);
  expect(smooth.averaged).toBeInstanceOf(front.Model);
  expect(careful.measures[0].step).toBe(20);
  expect(whole.steps).toBe(60);
});
