/**
 * When graphs of two opsets can be one. Most operators mean the same in every version since 7; those that do not are
 * listed here with the versions in which they appeared or changed meaning (additions are no change).
 * @see https://github.com/onnx/onnx/blob/main/docs/Changelog.md
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Graph, Node } from './graph.ts';
import { isGraph } from './sort.ts';

/** Operators that appeared after opset 7. */
const appeared: Readonly<Record<number, string>> = {
  8: 'Expand',
  9:
    'Acosh Asinh Atanh Compress ConstantOfShape Cosh Erf EyeLike IsNaN MaxUnpool MeanVarianceNormalization NonZero ' +
    'OneHot Shrink Sign Sinh TfIdfVectorizer Where',
  10:
    'ConvInteger DequantizeLinear IsInf MatMulInteger Mod NonMaxSuppression QLinearConv QLinearMatMul QuantizeLinear ' +
    'ReverseSequence RoiAlign StringNormalizer ThresholdedRelu',
  11:
    'BitShift ConcatFromSequence CumSum Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements ' +
    'ScatterND SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence Unique',
  12: 'Celu Einsum GreaterOrEqual LessOrEqual NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss',
  14: 'HardSwish Trilu',
  15: 'Bernoulli CastLike Optional OptionalGetElement OptionalHasElement',
  16: 'GridSample',
  17: 'BlackmanWindow HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT SequenceMap',
  18: 'BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im Mish',
  19: 'DeformConv',
  20: 'AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit',
  23: 'Attention RMSNormalization RotaryEmbedding',
  24: 'Swish TensorScatter',
  26: 'BitCast CumProd',
};

/** Operators whose same text means something else, or nothing, on the other side of these versions. */
const changed: Readonly<Record<string, readonly number[]>> = {
  ...{
    Scan: [8, 9],
    Upsample: [9, 10],
    BatchNormalization: [9, 14],
    Slice: [10],
    TopK: [10, 11],
    Resize: [10, 11],
  },
  ...{
    Scatter: [9, 11],
    Clip: [11],
    Pad: [11],
    Dropout: [12],
    Hardmax: [13],
    LogSoftmax: [13],
    ReduceSum: [13],
  },
  ...{ Softmax: [13], Squeeze: [13], Unsqueeze: [13], Split: [13, 18], DFT: [17, 20], GridSample: [16, 20] },
  ...{
    GroupNormalization: [18, 21],
    ReduceL1: [18],
    ReduceL2: [18],
    ReduceLogSum: [18],
    ReduceLogSumExp: [18],
  },
  ...{ ReduceMax: [18], ReduceMean: [18], ReduceMin: [18], ReduceProd: [18], ReduceSumSquare: [18] },
};

const since = new Map<string, readonly number[]>(Object.entries(changed));
for (const [version, ops] of Object.entries(appeared))
  for (const op of ops.split(' ')) if (!since.has(op)) since.set(op, [Number(version)]);

/** The first node that does not mean the same in both opsets. */
function firstChanged(nodes: readonly Node[], from: number, to: number): Node | undefined {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  for (const node of nodes) {
    if (node.domain === '' && since.get(node.op)?.some(version => version > low && version <= high))
      return node;
    for (const value of Object.values(node.attributes)) {
      const inner = isGraph(value) ? firstChanged(value.nodes, from, to) : undefined;
      if (inner) return inner;
    }
  }
  return undefined;
}

type Dated = Pick<Graph, 'opsets' | 'nodes'>;

/**
 * Opsets under which both graphs mean what they mean now: the nearest to the host's.
 * @throws NeuronbookError naming the operators in the way
 */
export function joinOpsets(host: Dated, guest: Dated): Graph['opsets'] {
  const joined: Record<string, number> = { ...guest.opsets, ...host.opsets };
  for (const [domain, theirs] of Object.entries(guest.opsets))
    joined[domain] = meet(domain, host, host.opsets[domain] ?? theirs, guest, theirs);
  return joined;
}

function meet(domain: string, host: Dated, ours: number, guest: Dated, theirs: number): number {
  const blocks = ({ nodes }: Dated, from: number, to: number) =>
    domain === '' ? firstChanged(nodes, from, to) : nodes.find(node => from !== to && node.domain === domain);
  const step = Math.sign(theirs - ours);
  for (let opset = ours; ; opset += step) {
    const mine = blocks(host, ours, opset);
    const yours = blocks(guest, theirs, opset);
    if (!mine && !yours) return opset;
    if (!mine && opset !== theirs) continue;
    // the last opset that the host allowed is behind us
    const other = blocks(guest, theirs, opset - step);
    const [a, b] = [mine, yours ?? other].map(node =>
      node ? `${node.op} ${node.name || node.outputs[0]}` : domain,
    );
    throw new NeuronbookError(
      `opsets ${ours} and ${theirs} do not go together: ${a} keeps the graph below ${opset}, and ${b} is newer; ` +
        `upgrade the graph to opset ${theirs} first`,
    );
  }
}
