/**
 * The verbs of differentiation: what a model can tell of how its values hang together. Each makes a graph
 * (`derivative.ts`), which the model traces, compiles and runs.
 */
import type { Tensor } from '../base/tensor.ts';
import type { Program } from '../engine/compile.ts';
import { savedValues, type Saved } from '../engine/saved.ts';
import type { Graph } from '../onnx/graph.ts';
import {
  derivativeOf,
  gradientOf,
  hvpOf,
  jvpOf,
  keyOf,
  runnable,
  vectorFeeds,
  vjpOf,
  type Derivative,
  type GradientOptions,
  type HvpOptions,
  type JvpOptions,
  type Traceable,
  type VjpOptions,
} from './derivative.ts';
import type { Inputs } from './feeds.ts';
import type { Traced } from './model.ts';
import type { Sites } from './sites.ts';

export abstract class Differentiable implements Traceable {
  abstract readonly name: string;
  abstract readonly sites: Sites;
  abstract trace(dims: Readonly<Record<string, readonly number[]>>): Traced;
  /** A program kept under a key. */
  abstract program(key: string, make: () => Graph): Promise<Program>;
  /** A program that is not kept. */
  protected abstract compiled(graph: Graph): Promise<Program>;
  /** A tensor for each input, in the dtype that the network is differentiated in. */
  protected abstract feeds(inputs: Inputs): Record<string, Tensor>;

  /**
   * The gradient ∂f/∂x of an objective f with respect to the values x at sites.
   * @returns ∂of/∂site for each of `at`, by the name it was asked for, of the site's dims, in float32: a float16
   *   network is differentiated in float32
   * @throws OpError where the way back passes an op that has no gradient; NameError on a site, or an override's
   *   target, that does not exist; NeuronbookError at an input of whole numbers, which has none
   * @example const { image: saliency } = await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'] })
   * @example
   * // guided backpropagation (Springenberg et al. 2015): only what excites flows back through a ReLU
   * const guided = override('Relu', ({ dy, outputs: [y] }) => ops.mul(ops.relu(dy), ops.sign(y)))
   * await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'], override: [guided] })
   */
  gradient(inputs: Inputs, options: GradientOptions): Promise<Record<string, Tensor>> {
    return this.derive(inputs, gradientOf(options));
  }

  /**
   * The vector-Jacobian product ȳᵀ·∂y/∂x: what vectors ȳ at the sites `of` weigh, pulled back to the sites `at`.
   * @returns for each of `at` its share of ∂⟨ȳ, y⟩/∂x, of the site's dims, in float32
   * @throws ShapeError on a vector that is not of its site's dims; OpError, NameError as `gradient`
   * @example
   * const { outputs } = await model.run({ image })
   * const { image: pulled } = await model.vjp({ image }, { of: { logits: outputs.logits }, at: ['image'] })
   */
  vjp(inputs: Inputs, options: VjpOptions): Promise<Record<string, Tensor>> {
    return this.derive(inputs, vjpOf(options));
  }

  /**
   * The Jacobian-vector product ∂y/∂x·v: how the sites `of` move when the sites `at` move along vectors v, to first
   * order. One pass for all of y, where `gradient` takes one pass for each number in y.
   * @returns for each of `of` its velocity, of the site's dims, in float32
   * @throws ShapeError on a vector that is not of its site's dims; OpError, NameError as `gradient`; NeuronbookError
   *   where an override is not linear in dy
   * @example const { logits: velocity } = await model.jvp({ image }, { of: ['logits'], at: { image: brighter } })
   */
  jvp(inputs: Inputs, options: JvpOptions): Promise<Record<string, Tensor>> {
    return this.derive(inputs, jvpOf(options));
  }

  /**
   * The Hessian-vector product ∂²f/∂x²·v of an objective f: how its gradient moves when the sites `at` move along v.
   * The Hessian itself, x·x numbers, is never made.
   * @returns for each of `at` its part, of the site's dims, in float32
   * @throws as `jvp`; OpError also where an op's gradient has itself no gradient
   * @example const { image: bend } = await model.hvp({ image }, { of: pick('logits', [0, 3]), at: { image: brighter } })
   */
  hvp(inputs: Inputs, options: HvpOptions): Promise<Record<string, Tensor>> {
    return this.derive(inputs, hvpOf(options));
  }

  /**
   * What a gradient's way back reads of the way forward, and so has to live in between: in the order in which it is
   * made, inputs and weights not counted. What `checkpoint` and `pack` save shows here before anything runs.
   * @returns name (a site's, where it is one), dtype, dims and bytes of each value
   * @throws as `gradient`
   * @example
   * const bytes = model.saved({ image }, { of: pick('logits', [0, 3]), at: ['image'], checkpoint: ['conv3'] })
   *   .reduce((sum, value) => sum + value.bytes, 0)
   */
  saved(inputs: Inputs, options: GradientOptions): Saved[] {
    const derivative = gradientOf(options);
    const values = savedValues(derivativeOf(this, derivative, this.derivativeFeeds(inputs, derivative)));
    const siteOf = (name: string) => (this.sites.has(name) ? this.sites.get(name).name : name);
    return values.map(value => ({ ...value, name: siteOf(value.name) }));
  }

  private async derive(inputs: Inputs, derivative: Derivative): Promise<Record<string, Tensor>> {
    const feeds = this.derivativeFeeds(inputs, derivative);
    const make = () => runnable(this, derivative, feeds);
    const key = keyOf(derivative);
    const shapes = Object.entries(feeds).map(([name, { dims }]) => `${name}:${dims.join('×')}`);
    const program =
      key === undefined ? await this.compiled(make()) : await this.program(`${key} ${shapes}`, make);
    const needed = program.inputs.map(({ name }) => [name, feeds[name]] as const);
    const made = await program.run(Object.fromEntries(needed));
    return Object.fromEntries(derivative.results.map((name, i) => [name, made[`∂${i}`]]));
  }

  private derivativeFeeds(inputs: Inputs, { vectors }: Derivative): Record<string, Tensor> {
    return { ...this.feeds(inputs), ...vectorFeeds(this.sites, vectors) };
  }
}
