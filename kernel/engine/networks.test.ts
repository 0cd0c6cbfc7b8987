/**
 * Networks that people export from PyTorch, far from those that the rules were written for: gradients against PyTorch's,
 * and Hessian-vector products against differences of its gradients in float64. `fixtures/networks.py` makes both.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inMemory } from '../base/random-access.ts';
import { Safetensors } from '../base/safetensors/index.ts';
import type { Tensor } from '../base/tensor.ts';
import { load } from '../model/load.ts';
import { pick } from '../model/objective.ts';

const file = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
const expected = new Safetensors(inMemory(file('networks.safetensors')));

/** The largest difference, of the largest expected. */
function off(received: Tensor, expected: Tensor): number {
  const [a, b] = [received.toNumbers(), expected.toNumbers()];
  expect(a.length).toBe(b.length);
  const most = (values: number[]) => values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return most(a.map((x, i) => x - b[i])) / most(b);
}

test.each(['mobile', 'recurrent', 'einsum', 'unet', 'experts', 'capsules', 'graph', 'warp'])(
  '%s: gradients and second derivatives are those of PyTorch',
  async name => {
    const model = await load(new Uint8Array(file(`${name}.onnx`)));
    const value = (what: string) => expected.read(`${name}.${what}`);
    const x = value('x');
    const of = pick('score', [0]);
    const { x: slope } = await model.gradient({ x }, { of, at: ['x'] });
    expect(off(slope, value('g'))).toBeLessThan(1e-5);
    for (const i of [0, 1]) {
      const { x: bent } = await model.hvp({ x }, { of, at: { x: value(`v${i}`) } });
      expect(off(bent, value(`h${i}`))).toBeLessThan(1e-4);
    }
    await model.dispose();
  },
);
