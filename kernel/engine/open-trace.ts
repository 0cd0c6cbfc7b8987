/**
 * A trace whose sizes are only examples: what follows from them (Shape, and all that is computed from it) stays
 * computed, so that the graph holds for other sizes. Rules see the example values, and infer dims from them.
 */
import { Trace } from './trace.ts';
import { ruleOf } from './rules.ts';
import type { Attributes } from '../onnx/graph.ts';
import type { ApplyOptions, Known, Var } from './var.ts';

export class OpenTrace extends Trace {
  /** Values that are known here, but not at other sizes. */
  private readonly examples = new Set<Var>();

  /** An input of which more may be known than that it is fed: an example of its value. */
  computed(name: string, { dtype, dims, value }: Known): Var {
    const plain = this.input(name, dtype, dims);
    if (!value) return plain;
    const example: Var = { ...plain, value };
    this.examples.add(example);
    return example;
  }

  override apply(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): Var[] {
    const made = super.apply(op, inputs, attributes, options);
    const asksSize = (op === 'Shape' || op === 'Size') && inputs[0]!.value === undefined;
    const follows = asksSize || inputs.some(input => input && this.examples.has(input));
    if (!follows || !made.every(output => output.value && !this.examples.has(output))) return made;
    // it was folded: the node is recorded after all, and its outputs remember their example values
    const outputs = made.map(({ dtype, dims, value }): Var => {
      return { name: this.fresh(op.toLowerCase()), dtype, dims, value, trace: this };
    });
    outputs.forEach(output => this.examples.add(output));
    const { domain = '' } = options;
    this.steps.push({
      node: {
        op,
        domain,
        name: outputs[0].name,
        inputs: inputs.map(input => input?.name ?? ''),
        outputs: outputs.map(({ name }) => name),
        attributes,
      },
      rule: ruleOf(domain, op)!,
      inputs,
      outputs,
    });
    return outputs;
  }
}
