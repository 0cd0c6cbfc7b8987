/** Softmax, LogSoftmax and Hardmax along one axis. */
import { int, intOf } from '../attributes.ts';
import { exp, mul, reduceSum, sub } from '../functions.ts';
import type { Node } from '../../onnx/graph.ts';
import { noGradient, type Call, type Op, type UpgradeTools } from '../op.ts';
import type { Var } from '../var.ts';
import { sameAsFirst } from './makers.ts';

const sumAlong = (x: Var, { attributes }: Call<Var>): Var =>
  reduceSum(x, [intOf(attributes, 'axis', -1)], true);

/** Before opset 13 the input was flattened to a matrix at `axis` (default 1), and the rows were normalized. */
function flattenedBefore13(node: Node, tools: UpgradeTools): Node[] {
  const axis = intOf(node.attributes, 'axis', 1);
  const last: Node = { ...node, attributes: { axis: int(-1) } };
  if (tools.opset >= 13) return [node];
  if (axis === -1) return [last];
  const [x] = node.inputs;
  const [shape, flat, normalized] = ['shape', 'flat', 'normalized'].map(hint =>
    tools.fresh(`${node.op}_${hint}`),
  );
  const made = (op: string, inputs: string[], outputs: readonly string[], attributes = {}): Node => ({
    op,
    domain: '',
    name: outputs[0],
    inputs,
    outputs,
    attributes,
  });
  return [
    made('Shape', [x], [shape]),
    made('Flatten', [x], [flat], { axis: int(axis) }),
    { ...last, inputs: [flat], outputs: [normalized] },
    made('Reshape', [normalized, shape], node.outputs, { allowzero: int(1) }),
  ];
}

// yᵢ = e^xᵢ / Σ e^x:  ∂x = y·(dy − Σ dy·y)
export const Softmax: Op = {
  infer: sameAsFirst,
  gradient: call => [
    () => {
      const [y] = call.outputs;
      return mul(y, sub(call.dy, sumAlong(mul(call.dy, y), call)));
    },
  ],
  upgrade: flattenedBefore13,
};

// yᵢ = xᵢ − ln Σ e^x:  ∂x = dy − e^y·Σ dy
export const LogSoftmax: Op = {
  infer: sameAsFirst,
  gradient: call => [() => sub(call.dy, mul(exp(call.outputs[0]), sumAlong(call.dy, call)))],
  upgrade: flattenedBefore13,
};

/** 1 at the first maximum along the axis, 0 elsewhere: flat wherever it has a slope. */
export const Hardmax: Op = { infer: sameAsFirst, gradient: noGradient, upgrade: flattenedBefore13 };
