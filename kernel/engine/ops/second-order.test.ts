/**
 * Every op that has a gradient has a second one: the gradient of Σ y³ by each op, checked against finite differences of
 * itself. The cube lets linear ops show too, by what their gradients make of dy. An op without a row fails the last
 * test; what is expanded into other ops needs none.
 */
import { expect, test } from 'vitest';
import { isFloat } from '../../base/dtype.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { mul } from '../functions.ts';
import { noGradient } from '../op.ts';
import { ruleOf, supportedOps } from '../rules.ts';
import { checkGradient, normal, second, uniform, type Build, type GradientOptions } from '../testing.ts';
import { Trace } from '../trace.ts';

/** Input tensors, and what to make of them. */
type Row = readonly [inputs: readonly Tensor[], attributes?: Attributes, options?: Options];

interface Options extends GradientOptions {
  /** Inputs that do not vary, behind those that do. */
  constants?: readonly (Tensor | undefined)[];
  outputs?: number;
}

/** Away from every corner at 0, ±½, ±1, ±2½ and ±3. */
const x = tensor([-2.2, -1.3, -0.3, 0.2, 0.7, 1.6], [2, 3]);
const small = tensor([-0.8, -0.4, -0.1, 0.2, 0.5, 0.7], [2, 3]);
const positive = uniform([2, 3], 0.5, 2);
const apart = tensor([3, -1, 2, -2, 0.5, 1.2], [2, 3]);
const image = tensor([1.1, -0.7, 0.4, 2.1, -1.6, 0.9, 3.2, -0.2, 1.7, -2.4, 0.1, 2.7, -3.1, 0.6, 1.4, -1.2], [1, 1, 4, 4]); // prettier-ignore
const ints = (...values: number[]) => tensor(BigInt64Array.from(values, BigInt), [values.length]);
const table = (values: number[], dims: readonly number[]) => tensor(BigInt64Array.from(values, BigInt), dims);
const with_ = (...constants: (Tensor | undefined)[]): Options => ({ constants });
const window = { kernel_shape: [2n, 2n] };

const unary = (names: string, input: Tensor) =>
  names.split(' ').map(name => [name, [[input]] as Row] as const);
const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries([
    ...unary('Abs Asinh Atan Celu Cos Cosh Elu Erf Exp Gelu HardSigmoid Identity LeakyRelu Neg Reciprocal Relu Selu', x),
    ...unary('Sigmoid Sin Sinh Softplus Softsign Tanh ThresholdedRelu Softmax LogSoftmax Flatten Transpose', x),
    ...unary('Acos Asin Atanh Tan', small),
    ...unary('Log Sqrt', positive),
    ...unary('ReduceMax ReduceMin', apart),
    ...unary('ReduceL2 ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare', positive),
    ...unary('GlobalAveragePool GlobalMaxPool GlobalLpPool', image),
  ]), // prettier-ignore
  Acosh: [[uniform([2, 3], 1.5, 3)]],
  Add: [[x, normal([3])]],
  AveragePool: [[image], window],
  BatchNormalization: [
    [normal([1, 2, 2]), normal([2]), normal([2], 'b'), normal([2], 'm'), uniform([2], 0.5, 2)],
  ],
  Cast: [[x], { to: 1n }],
  Clip: [[x], {}, with_(tensor([-1], []), tensor([1], []))],
  Col2Im: [[normal([1, 4, 4])], {}, with_(ints(3, 3), ints(2, 2))],
  Concat: [[x, normal([2, 1])], { axis: 1n }],
  Conv: [[normal([1, 2, 3, 3]), normal([2, 2, 2, 2]), normal([2])]],
  ConvTranspose: [[normal([1, 2, 2, 2]), normal([2, 1, 2, 2])]],
  CumSum: [[x], {}, with_(tensor([1n], []))],
  DFT: [[normal([1, 4, 2])]],
  DepthToSpace: [[normal([1, 4, 1, 2])], { blocksize: 2n }],
  Div: [[x, positive]],
  Einsum: [[normal([2, 2]), normal([2, 3])], { equation: 'ij,jk->ik' }],
  Expand: [[normal([2, 1])], {}, with_(ints(2, 2))],
  GRU: [[normal([2, 1, 2]), normal([1, 6, 2]), normal([1, 6, 2], 'r')], { hidden_size: 2n }],
  Gather: [[x], {}, with_(ints(1, 0, 1))],
  GatherElements: [[x], { axis: 1n }, with_(table([0, 0, 2, 1], [2, 2]))],
  GatherND: [[x], {}, with_(table([0, 1, 1, 2], [2, 2]))],
  Gemm: [[normal([2, 2]), normal([2, 3]), normal([3])]],
  GridSample: [[image, tensor([-0.31, 0.22, 0.53, -0.44], [1, 1, 2, 2])]],
  InstanceNormalization: [[normal([1, 2, 3]), normal([2]), normal([2], 'b')]],
  LRN: [[normal([1, 3, 1, 2])], { size: 3n, alpha: 0.9 }],
  LSTM: [[normal([2, 1, 2]), normal([1, 8, 2]), normal([1, 8, 2], 'r')], { hidden_size: 2n }],
  LayerNormalization: [[normal([2, 3]), normal([3]), normal([3], 'b')]],
  LpPool: [[image], window],
  MatMul: [[normal([2, 2]), normal([2, 3])]],
  Max: [[apart, normal([3])]],
  MaxPool: [[image], window],
  MaxUnpool: [[normal([1, 1, 1, 2])], { ...window, strides: [2n, 2n] }, with_(table([1, 6], [1, 1, 1, 2]))],
  Min: [[apart, normal([3])]],
  Mod: [[x, positive], { fmod: 1n }],
  Mul: [[x, normal([3])]],
  OneHot: [[tensor([0.3, 1.2])], {}, { constants: [ints(1, 0), tensor([3n], [])] }],
  PRelu: [[x, normal([3])]],
  Pad: [[x], { mode: 'reflect' }, with_(ints(0, 1, 0, 1))],
  Pow: [[positive, normal([3])]],
  RNN: [[normal([2, 1, 2]), normal([1, 2, 2]), normal([1, 2, 2], 'r')], { hidden_size: 2n }],
  Reshape: [[x], {}, with_(ints(3, 2))],
  Resize: [[image], { mode: 'linear' }, with_(undefined, tensor([1, 1, 1.5, 0.5]))],
  ReverseSequence: [[x], { time_axis: 1n, batch_axis: 0n }, with_(ints(2, 3))],
  ScatterElements: [[x, normal([1, 3])], { axis: 0n }, with_(table([1, 0, 1], [1, 3]))],
  ScatterND: [[x, normal([1, 3])], {}, with_(table([1], [1, 1]))],
  Shrink: [[x], { lambd: 0.5, bias: 0.2 }],
  SimplifiedLayerNormalization: [[normal([2, 3]), normal([3])]],
  Slice: [[x], {}, with_(ints(1), ints(3), ints(1))],
  SpaceToDepth: [[normal([1, 1, 2, 4])], { blocksize: 2n }],
  Split: [[x], { axis: 1n }, { constants: [ints(1, 2)], outputs: 2 }],
  Squeeze: [[normal([2, 1, 2])], {}, with_(ints(1))],
  Sub: [[x, normal([3])]],
  Sum: [[x, normal([3]), normal([2, 1])]],
  Tile: [[x], {}, with_(ints(2, 1))],
  TopK: [[apart], {}, { constants: [ints(2)], outputs: 2 }],
  Trilu: [[x]],
  Unsqueeze: [[x], {}, with_(ints(1))],
  Where: [[x, normal([3])], {}, with_(tensor(Uint8Array.of(1, 0, 1), [3], 'bool'))],
  'com.microsoft.FusedMatMul': [[normal([2, 2]), normal([3, 2])], { transB: 1n }],
};

/** Where the constants stand in front. */
const front = new Set(['OneHot', 'Where']);
/** Where one constant stands before the last input that varies. */
const between = new Set(['ScatterElements', 'ScatterND']);

/** Ops whose first gradient stops, or is that of another op, and why. */
const stops: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger ConvInteger QLinearConv QLinearMatMul com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear'
      .split(' ')
      .map(name => [name, 'rounds: a gradient passes straight through on request only']),
  ),
  Upsample: 'is Resize since opset 10, and is upgraded to it',
  ...Object.fromEntries(
    ['If', 'Loop', 'Scan'].map(name => [name, 'holds graphs of its own: a gradient stops there']),
  ),
};

const build =
  (label: string, attributes: Attributes = {}, { constants = [], outputs = 1 }: Options = {}): Build =>
  (...inputs) => {
    const [domain, name] = label.includes('.') ? ['com.microsoft', label.split('.').at(-1)!] : ['', label];
    const { trace } = inputs[0];
    const fixed = constants.map(value => value && trace.constant(value));
    const all = front.has(name)
      ? [...fixed, ...inputs]
      : between.has(name)
        ? [inputs[0], ...fixed, ...inputs.slice(1)]
        : [...inputs, ...fixed];
    return trace
      .apply(name, all, attributes, { domain, outputs })
      .filter(({ dtype }) => isFloat(dtype))
      .map(y => mul(y, mul(y, y)));
  };

test.each(Object.entries(rows))('%s twice', async (name, [inputs, attributes, options]) => {
  const made = build(name, attributes, options);
  const trace = new Trace();
  made(...inputs.map(({ dtype, dims }, i) => trace.input(`x${i}`, dtype, dims)));
  expect(trace.steps.map(({ node }) => node.op)).toContain(name.split('.').at(-1));
  await checkGradient(name, second(made), inputs, { tolerance: 1e-2, ...options });
});

test('every op with a gradient is above', () => {
  const label = ([domain, op]: [string, string]) => (domain ? `${domain}.${op}` : op);
  const differentiable = supportedOps().filter(([domain, op]) => {
    const { gradient } = ruleOf(domain, op)!;
    return gradient !== undefined && gradient !== noGradient;
  });
  const missing = differentiable.map(label).filter(name => !(name in rows) && !(name in stops));
  expect(missing).toEqual([]);
  expect(Object.keys(stops).filter(name => !differentiable.map(label).includes(name))).toEqual([]);
});
