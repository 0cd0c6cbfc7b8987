/**
 * Recurrent and quantized networks as exporters leave them (made by fixtures/exported.py): they run, and their
 * gradients are PyTorch's; those of quantized ones on request, as near as eight bits allow.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { straightThrough } from '../engine/straight-through.ts';
import { load } from './load.ts';
import { pick } from './objective.ts';

const file = (name: string) => new URL(`./fixtures/${name}`, import.meta.url);
type Reference = { x: { dims: number[]; data: number[] }; y: number[]; slope: number[] };
const reference = JSON.parse(readFileSync(file('exported.json'), 'utf8')) as Record<
  'lstm' | 'gru' | 'pictures',
  Reference
>;

const difference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...b.map(Math.abs));
const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

test.each(['lstm', 'gru'] as const)('%s: outputs and gradients are those of PyTorch', async name => {
  const { x, y, slope } = reference[name];
  const model = await load(readFileSync(file(`${name}.onnx`)));
  const tokens = name === 'lstm';
  const inputs = { x: tokens ? tensor(BigInt64Array.from(x.data, BigInt), x.dims) : tensor(x.data, x.dims) };
  expect(difference((await model.run(inputs)).outputs.y.toNumbers(), y)).toBeLessThan(1e-5);
  // tokens have no slope, their embeddings have
  const at = tokens ? [...model.sites].find(({ op }) => op === 'Gather')!.name : 'x';
  const found = await model.gradient(inputs, { of: pick('y', [0, 1]), at: [at] });
  expect(difference(found[at].toNumbers(), slope)).toBeLessThan(1e-5);
});

describe.each(['qdq', 'qoperator', 'dynamic'])('%s', name => {
  const { x, y, slope } = reference.pictures;
  const inputs = { x: tensor(x.data, x.dims) };
  const of = pick('y', [0, 1]);

  test('runs, near the network that was quantized', async () => {
    const model = await load(readFileSync(file(`${name}.onnx`)));
    expect(difference((await model.run(inputs)).outputs.y.toNumbers(), y)).toBeLessThan(0.15);
  });

  test('its gradient is refused, and straight through on request: nearly that of the network', async () => {
    const model = await load(readFileSync(file(`${name}.onnx`)));
    await expect(model.gradient(inputs, { of, at: ['x'] })).rejects.toThrow(
      /^no gradient through \w+ at .*: rounding has no slope; pass override: straightThrough\(model\.graph\)/,
    );
    const found = await model.gradient(inputs, { of, at: ['x'], override: straightThrough(model.graph) });
    expect(cosine(found.x.toNumbers(), slope)).toBeGreaterThan(0.97);
  });
});
