/**
 * Layers with weights in a traced network: a product with constants, and what belongs to it though it is a node of its
 * own, a bias that is added behind it and a BatchNormalization (which is folded into the weights, as canonizers do).
 */
import { floatOf, intOf } from '../../../engine/attributes.ts';
import { add, apply, div, mul, reduceSum, reshape, sqrt, sub } from '../../../engine/functions.ts';
import { vjp } from '../../../engine/grad.ts';
import type { Step, Trace } from '../../../engine/trace.ts';
import type { Var } from '../../../engine/var.ts';
import { alongAxis, type WeightedLayer } from './rules.ts';
import type { Tape } from './tape.ts';

export interface Weighted {
  /** The product. */
  readonly step: Step;
  /** Which of its inputs varies. */
  readonly input: 0 | 1;
  /** Nodes behind it that its rule answers for; relevance passes them whole. */
  readonly merged: readonly Step[];
  /** The layer as rules see it; records what it needs into the trace. */
  layer(absorb: WeightedLayer['absorb']): WeightedLayer;
}

const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'FusedMatMul']);

/** Every layer with weights on the path, from the start. */
export const weightedLayers = (tape: Tape, trace: Trace): Weighted[] =>
  tape.steps.filter(({ node }) => products.has(node.op)).flatMap(step => weighted(tape, trace, step) ?? []);

function weighted(tape: Tape, trace: Trace, step: Step): Weighted | undefined {
  const [first, second, shift] = step.inputs;
  const input = tape.varies(first) ? 0 : 1;
  const isLinear = tape.varies(first) !== tape.varies(second) && !tape.varies(shift);
  // a convolution with varying kernels is no layer of its own
  if (!isLinear || (input === 1 && step.node.op.startsWith('Conv'))) return undefined;

  const merged: Step[] = [];
  let z = step.outputs[0];
  const after = (op: string): Step | undefined => {
    const reader = tape.readerOf(z);
    return reader?.node.op === op && reader.outputs[0].dims.length === z.dims.length ? reader : undefined;
  };
  const sum = after('Add');
  const constant = sum?.inputs.find(each => each !== z);
  const isBias = sum && constant && !tape.varies(constant) && String(sum.outputs[0].dims) === String(z.dims);
  if (isBias) {
    merged.push(sum);
    [z] = sum.outputs;
  }
  const norm = after('BatchNormalization');
  const axis = norm ? outAxis(step, input, z) : undefined;
  if (norm && axis !== undefined) {
    merged.push(norm);
    [z] = norm.outputs;
  }

  return {
    step,
    input,
    merged,
    layer(absorb) {
      const rank = z.dims.length;
      let weight = step.inputs[1 - input]!;
      let bias = shift && biasOf(step, shift, rank);
      if (isBias) bias = bias ? add(bias, constant) : constant;
      if (norm && axis !== undefined) {
        // γ·(w·x + b − μ)/√(σ² + ε) + β  =  (s·w)·x + s·(b − μ) + β,  s = γ/√(σ² + ε)
        const [, gamma, beta, mean, variance] = norm.inputs as Var[];
        const s = div(gamma, sqrt(add(variance, floatOf(norm.node.attributes, 'epsilon', 1e-5))));
        weight = mul(weight, alongAxis(s, weight.dims.length, axis));
        const [scale, offset, centre] = [s, beta, mean].map(each => alongAxis(each, rank, 1));
        bias = add(mul(scale, bias ? sub(bias, centre) : mul(centre, -1)), offset);
      }
      const x = step.inputs[input]!;
      const { op, attributes, domain } = step.node;
      const product = (value: Var, w: Var) =>
        apply(op, input === 0 ? [value, w] : [w, value], attributes, domain);
      return {
        op,
        site: step.node.name,
        x,
        z,
        weight,
        bias,
        product,
        pull: (g, w) => vjp(trace, [product(x, w)], [x], [g])[0],
        absorb,
      };
    },
  };
}

/** The axis of the weights that counts outputs, where those are the channels of a BatchNormalization. */
function outAxis({ node, inputs }: Step, input: 0 | 1, z: Var): number | undefined {
  const { op, attributes } = node;
  if (input === 1) return undefined;
  if (op === 'Conv') return 0;
  if (op === 'ConvTranspose') return intOf(attributes, 'group', 1) === 1 ? 1 : undefined;
  if (z.dims.length !== 2 || inputs[1]!.dims.length !== 2) return undefined;
  return intOf(attributes, 'transB', 0) ? 0 : 1;
}

/** The bias that the product itself holds, of dims that broadcast to its output. */
function biasOf({ node }: Step, shift: Var, rank: number): Var {
  if (node.op !== 'Gemm') return alongAxis(shift, rank, 1);
  const beta = floatOf(node.attributes, 'beta', 1);
  return beta === 1 ? shift : mul(shift, beta);
}

/** Σ b·g over everything: what a bias keeps for itself. */
export const keptBy = (bias: Var, g: Var): Var => reshape(reduceSum(mul(bias, g)), [1]);
