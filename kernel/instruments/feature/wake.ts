/**
 * A gradient for units that are silent at the start. Behind a ReLU that is closed for a whole picture nothing flows
 * back, and the ascent stays where it is. There, and only there, what pushes a closed unit up passes:
 *
 *        ∂L/∂x when L is to rise              x < 0      x > 0
 *     the ReLU's own                            0         dy
 *     where that is 0 all over a picture     max(dy, 0)   dy
 *
 * @see Lucid's `redirected_relu_grad`, which this follows
 */
import { abs, add, equal, greater, indicator, mul, reduceMax, relu, sub } from '../../engine/functions.ts';
import { override, type Override } from '../../engine/override.ts';
import type { Graph } from '../../onnx/graph.ts';

/** How long a picture is helped that gets no gradient at its first step. */
export const WAKING = 16;

const waking = override('Relu', ({ dy, inputs: [x] }) => {
  const open = indicator(greater(x!, 0), dy);
  const own = mul(dy, open);
  const axes = dy.dims.map((_, axis) => axis).slice(1);
  const blocked = indicator(equal(reduceMax(abs(own), axes, true), 0), dy);
  // own is zero where it is blocked, so the two add up
  return add(own, mul(blocked, mul(relu(dy), sub(1, open))));
});

/** The rule for every ReLU of a network; none where it has none. */
export const wakes = ({ nodes }: Pick<Graph, 'nodes'>): readonly Override[] =>
  nodes.some(({ op }) => op === 'Relu') ? [waking] : [];
