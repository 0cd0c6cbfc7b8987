/**
 * A trace for graphs that must hold at any size. An ordinary trace folds what follows from shapes into constants;
 * here such values stay in the graph, as `Shape` and what is made of it, and the whole numbers among them are known
 * for inference alone:
 *
 *   tokens 2×4 ─ Shape ─▶ [2, 4] ─ Concat [·, 64] ─▶ [2, 4, 64]     three nodes, where a `Trace` has one constant
 */
import { isFloat } from '../base/dtype.ts';
import type { Tensor } from '../base/tensor.ts';
import { ruleOf } from '../engine/rules.ts';
import { Trace } from '../engine/trace.ts';
import type { ApplyOptions, Var } from '../engine/var.ts';
import type { Attributes } from '../onnx/graph.ts';

export class SizedTrace extends Trace {
  /** Values that are known at the sizes of this trace alone. */
  private readonly sized = new Set<Var>();

  override apply(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): Var[] {
    // it passes everything, yet the node stays: training looks for it
    if (op === 'Dropout')
      return this.recorded(op, inputs, attributes, options, [inputs[0]!], options.outputs);
    const follows = op === 'Shape' || op === 'Size' || inputs.some(input => input && this.sized.has(input));
    if (!follows) return super.apply(op, inputs, attributes, options);
    // under a name, as unnamed constants are shared by value, and these have other values at other sizes
    const { outputs = 1 } = options;
    const names =
      typeof outputs === 'number' ? Array.from({ length: outputs }, () => op.toLowerCase()) : outputs;
    const made = super.apply(op, inputs, attributes, { ...options, outputs: names });
    // what was not folded is a node already; what was is recorded all the same
    return made.every(({ value }) => value) ? this.recorded(op, inputs, attributes, options, made) : made;
  }

  /** A constant that training changes: known by its dims, never folded. */
  parameter(value: Tensor, name: string): Var {
    const { dtype, dims } = this.constant(value, name);
    return { name, dtype, dims, trace: this };
  }

  private recorded(
    op: string,
    inputs: readonly (Var | undefined)[],
    attributes: Attributes,
    { domain = '', name }: ApplyOptions,
    folded: readonly Var[],
    labels: ApplyOptions['outputs'] = folded.length,
  ): Var[] {
    const outputs = folded.map(({ dtype, dims, value }, i): Var => {
      const label = typeof labels === 'number' ? undefined : labels[i];
      const made = { name: label ?? this.fresh(op.toLowerCase()), dtype, dims, trace: this };
      if (isFloat(dtype)) return made;
      const sized = { ...made, value };
      this.sized.add(sized);
      return sized;
    });
    const node = {
      op,
      domain,
      name: name ?? outputs[0].name,
      inputs: inputs.map(input => input?.name ?? ''),
      outputs: outputs.map(output => output.name),
      attributes,
    };
    this.steps.push({ node, rule: ruleOf(domain, op)!, inputs, outputs });
    return outputs;
  }
}
