/**
 * What a layer builds with: a trace, named weights and named sites. Layers are functions of vars;
 * the scope is where they leave what outlives the trace.
 */
import type { Rng } from '../base/rng.ts';
import { ShapeError } from '../base/errors.ts';
import type { Dims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';
import type { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Initializer } from './init.ts';

/** A piece of a network: values in, values out. */
export type Layer = (x: Var, scope: Scope) => Var;

export class Scope {
  /** The weights, by name, in the order in which they were made. */
  readonly parameters = new Map<string, Tensor>();
  /** The documented places, in the order in which they are computed. */
  readonly sites: string[] = [];

  constructor(
    readonly trace: Trace,
    private readonly rng: Rng,
  ) {}

  /** A weight: a constant of the graph under this name, first drawn from the stream of that name. */
  parameter(name: string, dims: Dims, init: Initializer): Var {
    if (this.parameters.has(name))
      throw new ShapeError(`name taken: ${name}; every layer with weights needs its own name`);
    const value = init(dims, this.rng.split(name));
    this.parameters.set(name, value);
    return this.trace.constant(value, name);
  }

  /** One node whose output is a site under its own name. */
  site(name: string, op: string, inputs: readonly (Var | undefined)[], attributes: Attributes = {}): Var {
    if (this.sites.includes(name)) throw new ShapeError(`name taken: ${name}; every site needs its own name`);
    this.sites.push(name);
    return this.trace.apply(op, inputs, attributes, { name, outputs: [name] })[0];
  }
}
