/**
 * LSTM, GRU and RNN: forward, one fused node of ONNX Runtime's. Their gradient computes the steps again one by one,
 * in ops that have gradients, and goes back through those; `decompose.ts` puts the same steps in the node's place.
 *
 * @see https://onnx.ai/onnx/operators/onnx__LSTM.html for the equations, whose letters are used here
 */
import { OpError, ShapeError } from '../../base/errors.ts';
import { formatDims, sameDims } from '../../base/shape.ts';
import type { Node } from '../../onnx/graph.ts';
import { intOf, ints, textOf, without } from '../attributes.ts';
import { transpose } from '../functions.ts';
import type { Call, Op, UpgradeTools } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need } from './makers.ts';
import { through } from './through.ts';
import { gru, lstm, rnn, unrolled, type Cell } from './unrolling.ts';

/** Longer sequences are not unrolled: each step is a dozen nodes forward and as many back. */
const MOST_STEPS = 256;

function inferred(call: Call, cell: Cell): Known[] {
  const [x, w, r] = [need(call, 0, 'input'), need(call, 1, 'weights'), need(call, 2, 'recurrence')];
  const batchFirst = intOf(call.attributes, 'layout', 0) === 1;
  const [steps, batch] = batchFirst ? [x.dims[1], x.dims[0]] : x.dims;
  const ways = textOf(call.attributes, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const width = r.dims[2];
  const check = (what: string, { dims }: Known, expected: readonly number[]) => {
    if (!sameDims(dims, expected))
      throw new ShapeError(`${what} is ${formatDims(dims)}; expected ${formatDims(expected)}`);
  };
  check('the weight W', w, [ways, cell.gates * width, x.dims[2]]);
  check('the recurrence R', r, [ways, cell.gates * width, width]);
  if (call.inputs[3]) check('the bias B', call.inputs[3], [ways, 2 * cell.gates * width]);
  const { dtype } = x;
  const last: Known = { dtype, dims: batchFirst ? [batch, ways, width] : [ways, batch, width] };
  const all: Known = { dtype, dims: batchFirst ? [batch, steps, ways, width] : [steps, ways, batch, width] };
  return [all, last, last].slice(0, call.outputCount);
}

/** The steps of a call, unless they are too many. */
function steps(call: Call<Var>, cell: Cell): Var[] {
  const [count] = call.inputs[0]!.dims;
  if (count > MOST_STEPS)
    throw new OpError(
      `no gradient through the ${count} steps of ${call.op} at ${call.site}: it is unrolled up to ${MOST_STEPS}; ` +
        'feed shorter pieces, each beginning with the last state of the one before',
      call.op,
      call.site,
    );
  return unrolled(call, cell);
}

/** ONNX Runtime has sequence-first alone: batch-first is that between transpositions. */
function sequenceFirst(node: Node, tools: UpgradeTools): Node[] {
  if (intOf(node.attributes, 'layout', 0) !== 1) return [node];
  const turn = (from: string, to: string, perm: readonly number[]): Node => {
    return {
      op: 'Transpose',
      domain: '',
      name: to,
      inputs: [from],
      outputs: [to],
      attributes: { perm: ints(perm) },
    };
  };
  const before: Node[] = [];
  const inputs = node.inputs.map((name, i) => {
    if (!name || ![0, 5, 6].includes(i)) return name;
    before.push(turn(name, tools.fresh(`${node.op}_in`), [1, 0, 2]));
    return before[before.length - 1].outputs[0];
  });
  const after: Node[] = [];
  const outputs = node.outputs.map((name, i) => {
    if (!name) return name;
    const inner = tools.fresh(`${node.op}_out`);
    after.push(turn(inner, name, i === 0 ? [2, 0, 1, 3] : [1, 0, 2]));
    return inner;
  });
  return [...before, { ...node, inputs, outputs, attributes: without(node.attributes, 'layout') }, ...after];
}

/** The same in a trace. */
function expanded(call: Call<Var>): Var[] | undefined {
  if (intOf(call.attributes, 'layout', 0) !== 1) return undefined;
  const turned = call.inputs.map((input, i) =>
    input && [0, 5, 6].includes(i) ? transpose(input, [1, 0, 2]) : input,
  );
  const made = call.inputs[0]!.trace.apply(call.op, turned, without(call.attributes, 'layout'), {
    outputs: call.outputCount,
  });
  return made.map((y, i) => transpose(y, i === 0 ? [2, 0, 1, 3] : [1, 0, 2]));
}

const recurrent = (cell: Cell, parts: Op['parts']): Op => ({
  infer: call => inferred(call, cell),
  expand: expanded,
  unfold: call => steps(call, cell).slice(0, call.outputCount),
  gradient: call => through(call, inputs => steps({ ...call, inputs }, cell)),
  upgrade: sequenceFirst,
  parts,
});

const hidden = 'the hidden state after step t; reverse.h.t where there are two directions';

export const RNN: Op = recurrent(rnn, { 'h.t': hidden });

export const GRU: Op = recurrent(gru, {
  'h.t': hidden,
  'z.t': 'how much of the state stays',
  'r.t': 'how much of the state is seen',
  'n.t': 'the new state that is proposed',
});

export const LSTM: Op = recurrent(lstm, {
  'h.t': hidden,
  'c.t': 'the cell after step t',
  'i.t': 'how much of the proposal enters the cell',
  'f.t': 'how much of the cell stays',
  'o.t': 'how much of the cell is shown',
  'g.t': 'what is proposed for the cell',
});
