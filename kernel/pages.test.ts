/**
 * The examples of docs/data.md and docs/loading.md run. What they read lies in a folder that is made for them; addresses
 * of the world stand for files of that folder, and long runs are shortened.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test, vi } from 'vitest';
import { setHost } from './base/host.ts';
import * as front from './index.ts';
import * as scenes from './test-examples-scenes.ts';
import { blocksOf, runSnippet } from './test-snippets.ts';

vi.setConfig({ testTimeout: 120_000 });

const { load, nn } = front;
const page = (name: string) => blocksOf(readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8'));
const [data, loading] = [page('data'), page('loading')];

const home = process.cwd();
const folder = mkdtempSync(`${tmpdir()}/neuronbook-pages-`);
process.chdir(folder);
setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
afterAll(() => {
  setHost(undefined);
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
const everywhere = await scenes.everywhere();
copyFileSync('train-00000-of-00001.parquet', 'train.parquet');
await (await load('zoo:stories')).save('model.onnx');
mkdirSync('nets');
await everywhere.model.save('nets/digits.onnx');

/** Runs a block; what it prints comes back, line by line. */
async function printed(code: string, given: Record<string, unknown> = {}): Promise<string[]> {
  const lines: string[] = [];
  const log = (...values: unknown[]) => lines.push(values.map(String).join(' '));
  await runSnippet(code, { ...given, console: { ...console, log } });
  return lines;
}

test('the pages have examples', () => expect([data.length, loading.length]).toEqual([5, 2]));

test('data: languages, and what they print', async () => {
  const [story, bound] = await printed(data[0]);
  const shown = /\/\/ (<bos>.*?) …/.exec(data[0])![1];
  expect(story.startsWith(shown)).toBe(true);
  expect(Number(bound)).toBeGreaterThan(0.5);
  const [clean, corrupted] = await printed(data[1]);
  expect(data[1]).toContain(`// ${clean}\n`);
  expect(corrupted.endsWith(/\/\/ … (.*)/.exec(data[1])![1])).toBe(true);
});

test('data: pictures and files', async () => {
  await printed(data[2]);
  await printed(data[3]);
});

test('data: activations, in a shorter run', async () => {
  const site = 'blocks.1.mlp.post';
  const width = (await load('model.onnx')).sites.get(site).shape!.at(-1) as number;
  const net = nn.network(nn.linear('y', { features: width }), { inputs: { [site]: ['batch', width] } });
  const loss = front.mse({ output: 'y', target: site });
  const short = data[4].replace('batches: 1000', 'batches: 2').replace('steps: 5000', 'steps: 2');
  expect(short).not.toBe(data[4]);
  rmSync('acts', { recursive: true });
  await printed(short, { net, loss });
});

/** What stands in for places that a test cannot reach. */
const nearby: Readonly<Record<string, string>> = {
  'checkpoints/mine/': 'gpt2/',
  'https://example.org/digits.onnx': 'nets/digits.onnx',
  'hf:openai-community/gpt2': 'gpt2/',
  'hf:owner/name@v1.0/onnx/model.onnx': 'nets/digits.onnx',
};

test('loading: every kind of place, and words', async () => {
  const asked: unknown[] = [];
  const given = {
    bytes: new Uint8Array(readFileSync('nets/digits.onnx')),
    async load(source: string | Uint8Array) {
      asked.push(source);
      return load(typeof source === 'string' ? (nearby[source] ?? source) : source);
    },
  };
  await printed(loading[0], given);
  expect(asked).toEqual(expect.arrayContaining(Object.keys(nearby)));
  const lines = await printed(loading[1], given);
  expect(lines.length).toBeGreaterThan(5);
});
