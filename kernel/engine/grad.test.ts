/** The walk itself: accumulation, unused inputs, refusals. Each op's own gradient is tested beside its rule. */
import { expect, test } from 'vitest';
import { add, mul, relu } from './functions.ts';
import { gradients } from './grad.ts';
import { Trace } from './trace.ts';

const steps = (trace: Trace) => trace.steps.map(({ node }) => `${node.outputs} = ${node.op}(${node.inputs})`);

test('a value used twice gathers both parts', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', []);
  const y = mul(x, relu(x));
  gradients(trace, y, [x]);
  expect(steps(trace)).toMatchInlineSnapshot(`
    [
      "relu_1 = Relu(x)",
      "mul_1 = Mul(x,relu_1)",
      "hardsigmoid_1 = HardSigmoid(relu_1)",
      "custom_1 = Identity(hardsigmoid_1)",
      "mul_2 = Mul(x,custom_1)",
      "add_1 = Add(relu_1,mul_2)",
    ]
  `);
});

test('an input that is not used gets zeros of its dims', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', []);
  const unused = trace.input('unused', 'float32', [2]);
  const [gradient] = gradients(trace, relu(x), [unused]);
  expect(gradient.dims).toEqual([2]);
});

test('a gradient needs one number', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 3]);
  expect(() => gradients(trace, add(x, 1), [x])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: gradient of add_1, which is 2×3; expected one number: pick an element or sum first]`,
  );
});
