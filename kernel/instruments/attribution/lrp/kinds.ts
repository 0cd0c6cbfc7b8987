/**
 * Which factor of a product carries the signal. A gate (what a sigmoid made), a normalizer (one over a root or a norm)
 * and, where asked for, an attention pattern count as constants: the other factor gets all relevance.
 * @see https://aclanthology.org/W17-5221 (Arras et al. 2017: a gate gets none, the signal all)
 */
import type { Var } from '../../../engine/var.ts';
import type { Tape } from './tape.ts';

export type Factor = 'gate' | 'tanh' | 'normalizer' | 'pattern' | 'signal';

/** Nodes that change a factor but not its kind. */
const through = new Set(
  'Mul Add Sub Div Neg Cast Identity Dropout Expand Reshape Squeeze Unsqueeze Transpose Sqrt Pow Reciprocal Where'.split(
    ' ',
  ),
);
const gates = new Set(['Sigmoid', 'HardSigmoid', 'Erf', 'Clip']);
const reductions = /^Reduce(Mean|Sum|SumSquare|L1|L2)$/;

/** What a varying value is, by the nodes that made it. */
export function kindOf(tape: Tape, value: Var): Factor {
  let at = value;
  let inverted = false;
  for (;;) {
    const step = tape.makerOf(at);
    if (!step) return 'signal';
    const { op } = step.node;
    if (gates.has(op)) return 'gate';
    if (op === 'Tanh') return 'tanh';
    if (op === 'Softmax') return 'pattern';
    if (reductions.test(op)) return inverted ? 'normalizer' : 'signal';
    const varying = step.inputs.filter(input => tape.varies(input));
    if (!through.has(op) || varying.length !== 1) return 'signal';
    inverted ||=
      op === 'Sqrt' || op === 'Reciprocal' || op === 'Pow' || (op === 'Div' && varying[0] === step.inputs[1]);
    [at] = varying as [Var];
  }
}
