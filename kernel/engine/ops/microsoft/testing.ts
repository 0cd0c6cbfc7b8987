/**
 * Holds a decomposition against ONNX Runtime's own fused kernel of the operator: an implementation that somebody
 * else wrote, of the same forward pass; and its gradient against finite differences.
 */
import type { DType } from '../../../base/dtype.ts';
import { formatDims, sameDims } from '../../../base/shape.ts';
import type { Tensor } from '../../../base/tensor.ts';
import type { Attributes, Graph } from '../../../onnx/graph.ts';
import { checkGradient, execute, type GradientOptions } from '../../testing.ts';
import { Trace } from '../../trace.ts';
import type { Var } from '../../var.ts';

export interface FusedOptions extends GradientOptions {
  attributes?: Attributes;
  /** The dtypes of the outputs, '' for one left out. */
  outputs?: readonly (DType | '')[];
  /** Inputs that are known before anything runs, by index. */
  constants?: readonly number[];
  /** Which elements of the first output count; what an operator leaves at padding is its own affair. */
  counts?: (index: number) => boolean;
  /** Whether gradients are checked too (default), which takes four runs for each element. */
  gradient?: boolean;
  domain?: string;
}

export type FusedCase = [
  name: string,
  op: string,
  inputs: readonly (Tensor | undefined)[],
  options?: FusedOptions,
];

const nameOf = (i: number) => `y${i}`;

/** The operator as one node. */
export function fusedGraph(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  { attributes = {}, outputs = ['float32'], domain = 'com.microsoft' }: FusedOptions = {},
): Graph {
  return {
    name: op,
    opsets: { '': 21, 'com.microsoft': 1 },
    inputs: inputs.flatMap((value, i) =>
      value ? [{ name: `x${i}`, dtype: value.dtype, dims: value.dims }] : [],
    ),
    outputs: outputs.flatMap((dtype, i) => (dtype ? [{ name: nameOf(i), dtype }] : [])),
    nodes: [
      {
        op,
        domain,
        name: 'fused',
        inputs: inputs.map((value, i) => (value ? `x${i}` : '')),
        outputs: outputs.map((dtype, i) => (dtype ? nameOf(i) : '')),
        attributes,
      },
    ],
    constants: new Map(),
    values: new Map(),
    metadata: {},
  };
}

/** @throws where the decomposition and the fused kernel differ in an output, or its gradient from the differences */
export async function checkFused(
  name: string,
  op: string,
  inputs: readonly (Tensor | undefined)[],
  options: FusedOptions = {},
): Promise<void> {
  const { attributes, outputs = ['float32'], constants = [], counts = () => true, gradient = true } = options;
  const { domain = 'com.microsoft' } = options;
  const labels = outputs.map((dtype, i) => (dtype ? nameOf(i) : ''));
  const feeds = Object.fromEntries(inputs.flatMap((value, i) => (value ? [[`x${i}`, value]] : [])));
  const expected = await execute(fusedGraph(op, inputs, options), feeds);

  const apply = (trace: Trace, given: readonly (Var | undefined)[], names: readonly string[] | number) =>
    trace.apply(op, given, attributes, { domain, outputs: names });
  const trace = new Trace();
  const vars = inputs.map((value, i) =>
    !value || constants.includes(i)
      ? value && trace.constant(value)
      : trace.input(`x${i}`, value.dtype, value.dims),
  );
  const made = apply(trace, vars, labels);
  const graph = trace.graph(
    Object.fromEntries(labels.flatMap((label, i) => (label ? [[label, made[i]]] : []))),
  );
  const received = await execute(graph, feeds);
  labels.forEach((label, i) => {
    if (!label) return;
    compare(`${name}, output ${i}`, received[label], expected[label], i === 0 ? counts : () => true);
    if (!sameDims(made[i].dims, expected[label].dims))
      throw new Error(
        `${name}, output ${i}: inferred ${formatDims(made[i].dims)}; ran as ${formatDims(expected[label].dims)}`,
      );
  });
  if (!gradient) return;

  const fed = inputs.flatMap((value, i) => (value && !constants.includes(i) ? [{ value, i }] : []));
  await checkGradient(
    name,
    (...given) => {
      const inside = given[0].trace as Trace;
      const all = inputs.map((value, i) => {
        const at = fed.findIndex(item => item.i === i);
        return at >= 0 ? given[at] : value && inside.constant(value);
      });
      const results = apply(inside, all, outputs.length);
      return results.filter((_, i) => outputs[i] === 'float32');
    },
    fed.map(({ value }) => value),
    options,
  );
}

function compare(name: string, received: Tensor, expected: Tensor, counts: (index: number) => boolean): void {
  if (!sameDims(received.dims, expected.dims) || received.dtype !== expected.dtype)
    throw new Error(
      `${name} is ${received.dtype} ${formatDims(received.dims)}; ` +
        `expected ${expected.dtype} ${formatDims(expected.dims)}`,
    );
  const [a, b] = [received.toNumbers(), expected.toNumbers()];
  const scale = Math.max(1e-3, ...b.filter((_, i) => counts(i)).map(Math.abs));
  a.forEach((value, i) => {
    if (counts(i) && !(Math.abs(value - b[i]) <= 2e-5 * scale))
      throw new Error(`${name} is ${value} at ${i}; ONNX Runtime's kernel gives ${b[i]}`);
  });
}
