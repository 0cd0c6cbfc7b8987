/** The steps of recurrent networks, one after the other, in ops that have gradients. */
import { OpError } from '../../base/errors.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { floatOf, intOf, textOf } from '../attributes.ts';
import {
  add,
  apply,
  cast,
  concat,
  gemm,
  greater,
  mul,
  relu,
  scalar,
  sigmoid,
  slice,
  split,
  squeeze,
  sub,
  tanh,
  unsqueeze,
} from '../functions.ts';
import { part, type Call } from '../op.ts';
import type { Var } from '../var.ts';
import { expandTo, reshapeTo, sizeAlong } from './generic.ts';

/** What one direction of a layer computes with. Gates lie side by side: rows are gates·width. */
interface Weights {
  /** gates·width × input */
  w: Var;
  /** gates·width × width */
  r: Var;
  /** Biases of the input and of the recurrence, gates·width each. */
  wb?: Var;
  rb?: Var;
  /** LSTM: what gates see of the cell, 3·width, for i, o, f. */
  peepholes?: Var;
}

interface State {
  h: Var;
  /** LSTM only. */
  c?: Var;
}

/** One step of one direction. */
interface Step extends Weights {
  call: Call<Var>;
  /** x·Wᵀ and its bias, batch × gates·width. */
  fromInput: Var;
  state: State;
  activations: readonly ((x: Var) => Var)[];
  /** Marks an inner value of this step. */
  mark: (name: string, value: Var) => Var;
}

/** A kind of recurrent layer. */
export interface Cell {
  readonly gates: number;
  readonly activations: readonly string[];
  /** Whether both biases of every gate can be added to the input at once. */
  biasesTogether(attributes: Attributes): boolean;
  step(step: Step): State;
}

const known: Readonly<Record<string, (x: Var) => Var>> = { sigmoid, tanh, relu };

/** The activations of one direction. */
function activationsOf({ op, site, attributes }: Call<Var>, cell: Cell, direction: number) {
  const given = attributes.activations as readonly string[] | undefined;
  const count = cell.activations.length;
  const names = given?.slice(direction * count, (direction + 1) * count) ?? cell.activations;
  const clip = floatOf(attributes, 'clip', 0);
  return names.map((name, i) => {
    const activation = known[name.toLowerCase()];
    if (!activation)
      throw new OpError(
        `no gradient of ${op} at ${site} with activation ${name}; expected Sigmoid, Tanh or Relu`,
        op,
        site,
      );
    // ONNX Runtime clips what enters the gates, and not the cell that an LSTM shows through its third activation
    return (x: Var) => activation(clip && i < 2 ? clipped(x, clip) : x);
  });
}

const clipped = (x: Var, limit: number): Var => apply('Clip', [x, scalar(x, -limit), scalar(x, limit)]);

/**
 * [Y, Y_h, Y_c] of a layer, sequence first.
 * @param call with inputs X, W, R, B, sequence_lens, initial_h and for an LSTM initial_c and P
 */
export function unrolled(call: Call<Var>, cell: Cell): Var[] {
  const [x, w, r, b, lengths, h0, c0, p] = call.inputs;
  const [steps] = x!.dims;
  const width = r!.dims[2];
  const way = textOf(call.attributes, 'direction', 'forward');
  const directions = Array.from({ length: w!.dims[0] }, (_, d) => {
    const of = (value: Var | undefined) => value && row(value, d);
    const biases = of(b);
    const [wb, rb] = biases ? split(biases, [biases.dims[0] / 2, biases.dims[0] / 2], 0) : [];
    const weights: Weights = { w: row(w!, d), r: row(r!, d), wb, rb, peepholes: of(p) };
    const rest = () => expandTo(scalar(x!, 0), [sizeAlong(x!, 1), width]);
    const first: State = { h: of(h0) ?? rest(), ...(cell.gates === 4 && { c: of(c0) ?? rest() }) };
    const backwards = way === 'reverse' || d === 1;
    return oneWay(call, cell, weights, first, { backwards, direction: d, lengths, steps });
  });
  const stack = (values: Var[], axis: number) =>
    concat(
      values.map(value => unsqueeze(value, [axis])),
      axis,
    );
  const all = directions.map(({ y }) => y);
  const last = directions.map(each => each.last);
  const states =
    cell.gates === 4 ? [last.map(({ h }) => h), last.map(({ c }) => c!)] : [last.map(({ h }) => h)];
  return [stack(all, 1), ...states.map(values => stack(values, 0))];
}

const row = (x: Var, index: number): Var => squeeze(slice(x, [index], [index + 1], [0]), [0]);

interface Way {
  backwards: boolean;
  direction: number;
  lengths: Var | undefined;
  steps: number;
}

/** One direction: every hidden state, steps×batch×width, and the last state. */
function oneWay(
  call: Call<Var>,
  cell: Cell,
  weights: Weights,
  first: State,
  way: Way,
): { y: Var; last: State } {
  const { backwards, direction, lengths, steps } = way;
  const [x] = call.inputs as [Var];
  const { w, wb, rb } = weights;
  const bias = wb && (cell.biasesTogether(call.attributes) ? add(wb, rb!) : wb);
  // all inputs meet their weights in one product: (steps·batch) × gates·width
  const all = gemm(reshapeTo(x, [-1, x.dims[2]]), w, bias, { transB: true });
  const ones = Array.from({ length: steps }, () => 1);
  const inputs = split(reshapeTo(all, [steps, -1, w.dims[0]]), ones, 0).map(each => squeeze(each, [0]));
  const activations = activationsOf(call, cell, direction);
  const prefix = backwards && call.inputs[1]!.dims[0] === 2 ? 'reverse.' : '';

  const outputs: Var[] = [];
  let state = first;
  for (let i = 0; i < steps; i++) {
    const t = backwards ? steps - 1 - i : i;
    const mark = (name: string, value: Var) => part(call, `${prefix}${name}.${t}`, value);
    const next = cell.step({ ...weights, call, fromInput: inputs[t], state, activations, mark });
    if (lengths) {
      // where a sequence has ended, the state stays and the output is 0
      const goes = cast(reshapeTo(greater(lengths, t), [-1, 1]), x.dtype);
      const kept = (to: Var, from: Var) => add(from, mul(goes, sub(to, from)));
      outputs[t] = mul(next.h, goes);
      state = { h: kept(next.h, state.h), ...(next.c && { c: kept(next.c, state.c!) }) };
    } else {
      outputs[t] = next.h;
      state = next;
    }
  }
  return {
    y: concat(
      outputs.map(h => unsqueeze(h, [0])),
      0,
    ),
    last: state,
  };
}

const recurrence = (h: Var, r: Var, bias?: Var): Var => gemm(h, r, bias, { transB: true });

const parts = (x: Var, count: number): Var[] => {
  const width = x.dims[x.dims.length - 1] / count;
  return split(
    x,
    Array.from({ length: count }, () => width),
    x.dims.length - 1,
  );
};

/** H = f(X·Wᵀ + H·Rᵀ + b) */
export const rnn: Cell = {
  gates: 1,
  activations: ['Tanh'],
  biasesTogether: () => true,
  step: ({ fromInput, state, r, activations: [f], mark }) => ({
    h: mark('h', f(add(fromInput, recurrence(state.h, r)))),
  }),
};

/**
 * i, o, f = f(gates, with peepholes of C), c = g(gate);  C′ = f∘C + i∘c,  H = o∘h(C′)
 */
export const lstm: Cell = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  biasesTogether: () => true,
  step({ call, fromInput, state, r, peepholes, activations: [f, g, h], mark }) {
    const [gi, go, gf, gc] = parts(add(fromInput, recurrence(state.h, r)), 4);
    const [pi, po, pf] = peepholes ? parts(peepholes, 3) : [];
    const seeing = (gate: Var, p: Var | undefined, c: Var) => (p ? add(gate, mul(p, c)) : gate);
    const before = state.c!;
    const input = mark('i', f(seeing(gi, pi, before)));
    const coupled = intOf(call.attributes, 'input_forget', 0);
    const forget = mark('f', coupled ? sub(1, input) : f(seeing(gf, pf, before)));
    const c = mark('c', add(mul(forget, before), mul(input, mark('g', g(gc)))));
    const output = mark('o', f(seeing(go, po, c)));
    return { h: mark('h', mul(output, h(c))), c };
  },
};

/**
 * z, r = f(gates), n = g(X·Wᵀ + (r∘H)·Rᵀ + b), or with linear_before_reset g(X·Wᵀ + b + r∘(H·Rᵀ + b′));
 * H′ = (1 − z)∘n + z∘H
 */
export const gru: Cell = {
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  biasesTogether: attributes => !intOf(attributes, 'linear_before_reset', 0),
  step({ call, fromInput, state: { h }, r, rb, activations: [f, g], mark }) {
    const [xz, xr, xn] = parts(fromInput, 3);
    const width = h.dims[1];
    const [rzr, rn] = split(r, [2 * width, width], 0);
    let update: Var, reset: Var, fromState: Var;
    if (intOf(call.attributes, 'linear_before_reset', 0)) {
      const [hz, hr, hn] = parts(recurrence(h, r, rb), 3);
      [update, reset] = [f(add(xz, hz)), f(add(xr, hr))];
      fromState = mul(reset, hn);
    } else {
      const [hz, hr] = parts(recurrence(h, rzr), 2);
      [update, reset] = [f(add(xz, hz)), f(add(xr, hr))];
      fromState = recurrence(mul(reset, h), rn);
    }
    const made = mark('n', g(add(xn, fromState)));
    mark('z', update);
    mark('r', reset);
    return { h: mark('h', add(made, mul(update, sub(h, made)))) };
  },
};
