/**
 * What a layer builds with: a trace, named weights and named sites. Layers are functions of vars;
 * the scope is where they leave what outlives the trace.
 */
import { ShapeError } from '../base/errors.ts';
import type { Dims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';
import type { Var } from '../engine/var.ts';
import type { Initializer } from './init.ts';
import type { SizedTrace } from './sized-trace.ts';

/** A piece of a network: values in, values out. */
export type Layer = (x: Var, scope: Scope) => Var;

/** Gives a weight its value: from a checkpoint, or its first value. */
export type Weigh = (name: string, dims: Dims, init: Initializer) => Tensor;

type Inputs = readonly (Var | undefined)[];

export class Scope {
  /** The weights, by name, in the order in which they were made. */
  readonly parameters = new Map<string, Var>();
  /** The documented places, in the order in which they are computed. */
  readonly sites: string[] = [];
  private readonly once = new Map<string, Var>();

  constructor(
    readonly trace: SizedTrace,
    private readonly weigh: Weigh,
  ) {}

  /** A weight: a constant of the graph under this name, first drawn from the stream of that name. */
  parameter(name: string, dims: Dims, init: Initializer): Var {
    if (this.parameters.has(name))
      throw new ShapeError(`name taken: ${name}; every layer with weights needs its own name`);
    const made = this.trace.parameter(this.weigh(name, dims, init), name);
    this.parameters.set(name, made);
    return made;
  }

  /** A weight that another layer has made, used once more: its gradient is the sum of both uses. */
  tied(name: string): Var {
    const found = this.parameters.get(name);
    if (!found)
      throw new ShapeError(
        `no weight ${name} to share; made so far: ${[...this.parameters.keys()].join(', ') || 'none'}`,
      );
    return found;
  }

  /** A constant under a name that comes with the weights but is not trained, such as a running mean. */
  buffer(name: string, dims: Dims, init: Initializer): Var {
    return this.trace.parameter(this.weigh(name, dims, init), name);
  }

  /** One node whose output is a site under its own name. */
  site(name: string, op: string, inputs: Inputs, attributes: Attributes = {}): Var {
    return this.several([name], op, inputs, attributes)[0];
  }

  /** One node with several outputs; those whose name has no slash are sites. */
  several(names: readonly string[], op: string, inputs: Inputs, attributes: Attributes = {}): Var[] {
    for (const name of names.filter(name => !name.includes('/'))) {
      if (this.sites.includes(name))
        throw new ShapeError(`name taken: ${name}; every site needs its own name`);
      this.sites.push(name);
    }
    return this.trace.apply(op, inputs, attributes, { name: names[0], outputs: names });
  }

  /** One more name for a value, where it can be read and edited apart from its other uses. */
  alias(name: string, x: Var): Var {
    return this.site(name, 'Identity', [x]);
  }

  /** One node on the way to the site `name`: `blocks.0.mlp.pre/gemm`. */
  inner(name: string, op: string, inputs: Inputs, attributes: Attributes = {}): Var {
    const label = `${name}/${op.toLowerCase()}`;
    return this.trace.apply(op, inputs, attributes, { name: label, outputs: [label] })[0];
  }

  /** What several layers want and one need make: a mask, a table of angles. */
  shared(key: string, make: () => Var): Var {
    const made = this.once.get(key) ?? make();
    this.once.set(key, made);
    return made;
  }
}
