/**
 * Ops that hold graphs: If, Loop, Scan. They run, and what stands before, behind and beside them is differentiated
 * as ever; a gradient through one ends in an error that names it. An If whose condition is known is its branch.
 */
import { ComputedError, OpError, ShapeError } from '../../base/errors.ts';
import { formatDims, sameDims, wrapAxis } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Attributes, Graph } from '../../onnx/graph.ts';
import { isGraph } from '../../onnx/sort.ts';
import { intOf, intsOf } from '../attributes.ts';
import { refusing, type BackwardCall, type Call, type Op } from '../op.ts';
import type { Known } from '../var.ts';
import { need } from './makers.ts';

const graphOf = (attributes: Attributes, name: string): Graph => {
  const graph = attributes[name];
  if (!isGraph(graph)) throw new ShapeError(`lacks its ${name}; expected a graph`);
  return graph;
};

/** What is known of a value that is another one in each round. */
const varying = ({ dtype, dims }: Known): Known => ({ dtype, dims });

const stops = (why: string) =>
  refusing((call: BackwardCall) => {
    throw new OpError(
      `no gradient through ${call.op} at ${call.site}: ${why}; ` +
        'take the gradient of a value before it, or with respect to a site behind it',
      call.op,
      call.site,
    );
  });

export const If: Op = {
  infer(call): Known[] {
    const [yes, no] = ['then_branch', 'else_branch'].map(name =>
      call.body!(graphOf(call.attributes, name), []),
    );
    return yes.map((value, i) => {
      const other = no[i];
      if (value.dtype !== other.dtype || !sameDims(value.dims, other.dims))
        throw new ComputedError(
          `its branches give ${formatDims(value.dims)} and ${formatDims(other.dims)}, and data decides which`,
        );
      return varying(value);
    });
  },
  // a condition on shapes, as exporters leave it, is settled by now
  expand(call) {
    const condition = need(call, 0).value;
    if (!condition) return undefined;
    return call.body!(
      graphOf(call.attributes, Number(condition.data[0]) ? 'then_branch' : 'else_branch'),
      [],
    );
  },
  gradient: stops('data decides which branch runs'),
};

export const Loop: Op = {
  infer(call): Known[] {
    const [trips, condition, ...carried] = call.inputs;
    // a round runs only where its condition holds
    const holds = new Tensor('bool', [], Uint8Array.of(1));
    const [again, ...results] = call.body!(graphOf(call.attributes, 'body'), [
      { dtype: 'int64', dims: [] },
      { dtype: 'bool', dims: [], value: holds },
      ...carried.map(value => varying(value!)),
    ]);
    const kept = results.slice(0, carried.length).map((value, i) => {
      if (!sameDims(value.dims, carried[i]!.dims))
        throw new ComputedError(
          `a value that it carries is ${formatDims(carried[i]!.dims)} at first and ${formatDims(value.dims)} after a round`,
        );
      return varying(value);
    });
    const collected = results.slice(carried.length);
    const certain = isTrue(again) && (!condition || isTrue(condition));
    if (collected.length && !(certain && trips?.value))
      throw new ComputedError('data decides how often it runs, and so the length of what it collects');
    const count = Math.max(0, Number(trips?.value?.data[0] ?? 0));
    return [...kept, ...collected.map(({ dtype, dims }) => ({ dtype, dims: [count, ...dims] }))];
  },
  gradient: stops('it repeats a graph as often as data say'),
};

const isTrue = ({ value }: Known): boolean => Boolean(value && Number(value.data[0]));

export const Scan: Op = {
  infer(call: Call): Known[] {
    const { attributes, inputs } = call;
    const body = graphOf(attributes, 'body');
    if (inputs.some(input => !input))
      throw new ComputedError('lacks an input, as before opset 9, where it was another op; the node runs');
    const scanned = intOf(attributes, 'num_scan_inputs', 1);
    const states = inputs.length - scanned;
    const axes = intsOf(attributes, 'scan_input_axes') ?? Array.from({ length: scanned }, () => 0);
    const lengths = axes.map((axis, i) => {
      const { dims } = need(call, states + i);
      return dims[wrapAxis(axis, dims.length)];
    });
    if (lengths.some(length => length !== lengths[0]))
      throw new ShapeError(`scanned inputs of lengths ${lengths.join(', ')}; expected one length`);
    const results = call.body!(
      body,
      inputs.map((value, i) => {
        if (i < states) return varying(value!);
        const { dtype, dims } = value!;
        return { dtype, dims: dims.toSpliced(wrapAxis(axes[i - states], dims.length), 1) };
      }),
    );
    const outAxes = intsOf(attributes, 'scan_output_axes') ?? results.slice(states).map(() => 0);
    return results.map(({ dtype, dims }, i) => {
      if (i < states) return { dtype, dims };
      return { dtype, dims: dims.toSpliced(wrapAxis(outAxes[i - states], dims.length + 1), 0, lengths[0]) };
    });
  },
  gradient: stops('it repeats a graph along a sequence'),
};
