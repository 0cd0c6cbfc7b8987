/** What is drawn has the dims and dtype that were asked for, and gradients go around it. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { ints } from '../attributes.ts';
import { add, apply, exp, mul, reduceSum } from '../functions.ts';
import { gradients } from '../grad.ts';
import { execute } from '../testing.ts';
import { Trace } from '../trace.ts';

test('an encoder that draws: μ + σ·ε has the slopes of μ and σ, and none through ε', async () => {
  const trace = new Trace();
  const [mean, log] = ['mean', 'log'].map(name => trace.input(name, 'float32', [2, 500]));
  const noise = apply('RandomNormalLike', [mean]);
  const drawn = add(mean, mul(exp(log), noise));
  const [dmean, dlog] = gradients(trace, reduceSum(drawn), [mean, log]);
  const graph = trace.graph({ drawn, noise, dmean, dlog });
  const zeros = tensor(new Float32Array(1000), [2, 500]);
  const made = await execute(graph, { mean: zeros, log: zeros });
  expect(made.dmean.toNumbers().every(slope => slope === 1)).toBe(true);
  // d/dl e^l·ε = ε at l = 0: the same draw there and back
  expect(made.dlog.data).toEqual(made.noise.data);
  const variance = made.noise.toNumbers().reduce((sum, x) => sum + x * x, 0) / 1000;
  expect(Math.abs(variance - 1)).toBeLessThan(0.25);
});

test('dims and dtypes; what is drawn varies with no input', async () => {
  const trace = new Trace();
  const p = trace.input('p', 'float32', [3, 4]);
  const made = {
    normal: trace.apply('RandomNormal', [], { shape: ints([2, 3]) })[0],
    uniform: trace.apply('RandomUniform', [], { shape: ints([5]), dtype: 11n, low: 2, high: 3 })[0],
    like: apply('RandomUniformLike', [p], { dtype: 11n }),
    coins: apply('Bernoulli', [p]),
    classes: apply('Multinomial', [p], { sample_size: 6n, dtype: 7n }),
  };
  const [dp] = gradients(trace, reduceSum(made.coins), [p]);
  const half = tensor(new Float32Array(12).fill(0.5), [3, 4]);
  const results = await execute(trace.graph({ ...made, dp }), { p: half });
  for (const [name, { dtype, dims }] of Object.entries(made))
    expect([results[name].dtype, results[name].dims]).toEqual([dtype, dims]);
  expect(Object.values(made).map(({ dtype, dims }) => `${dtype} ${dims.join('×')}`)).toEqual([
    'float32 2×3',
    'float64 5',
    'float64 3×4',
    'float32 3×4',
    'int64 3×6',
  ]);
  expect(results.uniform.toNumbers().every(x => x >= 2 && x < 3)).toBe(true);
  expect(results.dp.toNumbers().every(x => x === 0)).toBe(true);
  expect(() => trace.apply('Multinomial', [trace.input('q', 'float32', [4])])).toThrow(
    'log-probabilities are 4; expected rows × classes',
  );
});
