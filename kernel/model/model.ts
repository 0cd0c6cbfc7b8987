/**
 * The handle that users hold: one graph, its sites, and the verbs run, gradient, edit and save.
 * A model is immutable; each verb makes the graph it needs, compiles it once per shape and keeps it.
 */
import { NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Tensor } from '../base/tensor.ts';
import { escapeHtml } from '../display/html.ts';
import { compile, type Program, type SessionOptions } from '../engine/compile.ts';
import { decompose } from '../engine/decompose.ts';
import { overriding, type Override } from '../engine/override.ts';
import { isHalf, widen } from '../engine/precision.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { cut, tap } from '../onnx/surgery.ts';
import { applyEdit } from './apply-edit.ts';
import {
  gradientOf,
  hvpOf,
  jvpOf,
  resolved,
  vectorFeeds,
  vjpOf,
  type Derivative,
  type GradientOptions,
  type HvpOptions,
  type JvpOptions,
  type VjpOptions,
} from './derivative.ts';
import type { Edit } from './edits.ts';
import { feedsOf, type Inputs } from './feeds.ts';
import { imageInputOf, type ImageInput } from './image-input.ts';
import type { Reading } from './objective.ts';
import { saveOnnx, type SaveOptions } from './save.ts';
import { Sites, type Site } from './sites.ts';
import { tokenizerOf, type Tokenizer } from './tokenizer.ts';

export type { Inputs } from './feeds.ts';

export interface RunOptions {
  /** Sites to read, by name or by pattern. */
  read?: readonly (string | RegExp)[];
  /** Outputs to compute; all where left out. With `[]` the network stops behind the last site that is read. */
  outputs?: readonly string[];
}

export interface RunResult {
  /** By output name. */
  outputs: Record<string, Tensor>;
  /** By site name. */
  sites: Record<string, Tensor>;
}

/** A network traced at concrete shapes, in float32, ready to be extended with more graph. */
export interface Traced extends Reading {
  readonly trace: Trace;
  /** The inputs that are fed, by tensor name. */
  readonly inputs: Readonly<Record<string, Var>>;
  /** Runs `work`, whose gradients of this trace follow other rules; sites by their documented names. */
  overriding<T>(overrides: readonly Override[], work: () => T): T;
}

export class Model {
  readonly sites: Sites;
  private readonly programs = new Map<string, Promise<Program>>();
  private float32?: Graph;

  /**
   * @param edits what was done to the file's network, for display
   * @param session where and how its graphs run
   */
  constructor(
    readonly name: string,
    readonly graph: Graph,
    readonly edits: readonly string[] = [],
    private readonly session: Pick<SessionOptions, 'providers'> = {},
  ) {
    this.sites = new Sites(graph);
  }

  /**
   * Runs the network.
   * @param inputs a tensor (or data that fills the input's fixed dims) for each input
   * @returns every output by name, and what was read at the sites, in the file's own dtypes
   * @throws NameError on an unknown input, site or output; ShapeError on dims that do not fit
   */
  async run(inputs: Inputs, { read = [], outputs }: RunOptions = {}): Promise<RunResult> {
    const sites = this.sites.select(read);
    const wanted =
      outputs?.map(name => this.outputName(name)) ?? this.graph.outputs.map(output => output.name);
    const tensors = sites.map(site => site.tensor);
    const program = await this.program(`run ${[wanted, tensors].map(String).join(' | ')}`, () =>
      cut(
        tap(
          this.graph,
          tensors.filter(name => !this.isInput(name)),
        ),
        [...new Set([...wanted, ...tensors.filter(name => !this.isInput(name))])],
      ),
    );
    const feeds = feedsOf(inputs, this.graph, this.sites);
    const results = await program.run(
      pickKeys(
        feeds,
        program.graph.inputs.map(input => input.name),
      ),
    );
    return {
      outputs: Object.fromEntries(wanted.map(name => [name, results[name]])),
      sites: Object.fromEntries(sites.map(site => [site.name, results[site.tensor] ?? feeds[site.tensor]])),
    };
  }

  /**
   * The gradient ∂f/∂x of an objective f with respect to the values x at sites.
   * @returns ∂of/∂site for each of `at`, by the name it was asked for, of the site's dims, in float32: a float16
   *   network is differentiated in float32
   * @throws OpError where the way back passes an op that has no gradient; NameError on a site, or an override's
   *   target, that does not exist
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
   * @example const { image: pulled } = await model.vjp({ image }, { of: { logits: tensor([1, -1, 0], [1, 3]) }, at: ['image'] })
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
   * A copy of this model with edits spliced in, in order. The model itself is unchanged.
   * @throws NameError on an unknown site; ShapeError on a channel or shape that does not fit it
   */
  edit(...edits: readonly (Edit | readonly Edit[])[]): Model {
    const list = edits.flat() as Edit[];
    const graph = list.reduce((before, edit) => applyEdit(before, edit), this.graph);
    return new Model(this.name, graph, [...this.edits, ...list.map(edit => edit.text)], this.session);
  }

  /**
   * A copy in which fused nodes are taken apart, so that what they compute inside is a site: `attn.q`, `.k`, `.v`,
   * `.scores`, `.pattern`, `.z`.
   * @param which ops or nodes; every op with documented inner values where left out
   * @throws NameError, OpError where there is nothing to take apart
   * @see decompose for the names of all inner values
   * @example
   * const open = (await load('bert.onnx')).decompose()
   * const { sites } = await open.run({ input_ids }, { read: [/pattern$/] })
   */
  decompose(...which: readonly string[]): Model {
    const graph = decompose(this.graph, which.length ? which : undefined);
    return new Model(this.name, graph, [...this.edits, `decompose(${which.join(', ')})`], this.session);
  }

  /** The model as the bytes of an ordinary ONNX file. */
  toBytes(): Uint8Array {
    return encode(this.graph);
  }

  /**
   * Writes an ordinary ONNX file; where the weights are more than one file can hold, they go into `<file>.data`
   * beside it.
   * @example await model.save('edited.onnx')
   */
  async save(path: string, options?: SaveOptions): Promise<void> {
    await saveOnnx(path, this.graph, options);
  }

  /**
   * Replays the network, in float32 and at concrete dims, into a trace of one's own.
   * @param dims input tensor name → dims, or → a var that takes the input's place
   */
  trace(dims: Readonly<Record<string, readonly number[] | Var>>, trace?: Trace): Traced {
    const graph = this.single();
    const given = Object.entries(dims).find(([, value]) => 'trace' in value)?.[1] as Var | undefined;
    const into = trace ?? (given?.trace as Trace | undefined) ?? new Trace();
    const inputs = Object.fromEntries(
      graph.inputs.map(({ name, dtype }) => {
        const value = dims[name];
        if (!value) throw new NameError('input', name, Object.keys(dims), 'every input needs dims');
        return [
          name,
          'trace' in value ? (value as Var) : into.input(name, dtype, value as readonly number[]),
        ];
      }),
    );
    const vars = into.replay(graph, inputs);
    const describe = (name: string): Site => this.sites.get(name);
    const traced: Traced = {
      trace: into,
      inputs,
      describe,
      value: name => vars.get(describe(name).tensor)!,
      overriding: (overrides, work) => overriding(into, resolved(overrides, traced, this.sites), work),
    };
    return traced;
  }

  /** How pictures enter this network, from its metadata; undefined where it says nothing. */
  get imageInput(): ImageInput | undefined {
    return imageInputOf(this.graph);
  }

  /** The tokenizer that came with the model. @throws NeuronbookError where none did */
  get tokenizer(): Tokenizer {
    return tokenizerOf(this.graph);
  }

  /** Frees the compiled graphs. The model stays usable and compiles again on demand. */
  dispose(): void {
    for (const program of this.programs.values()) void program.then(made => made.release());
    this.programs.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    const edits = this.edits.length ? `, edited: ${this.edits.join(', ')}` : '';
    return `${this.name}: ${this.sites.length} sites${edits}`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return {
      'text/plain': `${this.toString()}\n${this.sites.toString()}`,
      'text/html': `<p>${escapeHtml(this.toString())}</p>${this.sites.toHtml()}`,
    };
  }

  private single(): Graph {
    return (this.float32 ??= isHalf(this.graph) ? widen(this.graph) : this.graph);
  }

  /** Traces, differentiates, compiles and runs. Overrides are functions, which no key can tell apart. */
  private async derive(inputs: Inputs, derivative: Derivative): Promise<Record<string, Tensor>> {
    const feeds = feedsOf(inputs, this.single(), this.sites);
    const vectors = vectorFeeds(this.sites, derivative.vectors);
    const all = { ...feeds, ...vectors };
    const make = (): Graph => {
      const traced = this.trace(mapped(feeds, ({ dims }) => dims));
      const { trace } = traced;
      const placed = Object.entries(vectors).map(([name, { dtype, dims }]) => trace.input(name, dtype, dims));
      const results = traced.overriding(derivative.override, () => derivative.build(traced, placed));
      return trace.graph(Object.fromEntries(results.map((made, i) => [`∂${i}`, made])), `∂ ${this.name}`);
    };
    const shapes = Object.entries(all).map(([name, { dims }]) => `${name}:${dims.join('×')}`);
    const program = derivative.override.length
      ? await compile(make(), this.session)
      : await this.program(`${derivative.key} ${shapes}`, make);
    const needed = program.inputs.map(({ name }) => name);
    const made = await program.run(pickKeys(all, needed));
    return Object.fromEntries(derivative.results.map((name, i) => [name, made[`∂${i}`]]));
  }

  /** A graph of this model's, compiled once under `key` and freed by `dispose`. */
  program(key: string, make: () => Graph): Promise<Program> {
    const cached = this.programs.get(key);
    if (cached) return cached;
    const made = (async () => compile(make(), this.session))();
    this.programs.set(key, made);
    made.catch(() => this.programs.delete(key));
    return made;
  }

  private isInput(name: string): boolean {
    return this.graph.inputs.some(input => input.name === name);
  }

  private outputName(name: string): string {
    const names = this.graph.outputs.map(output => output.name);
    const tensorName = names.includes(name)
      ? name
      : this.sites.has(name)
        ? this.sites.get(name).tensor
        : name;
    if (!names.includes(tensorName))
      throw new NameError('output', name, nearest(name, names), 'inner values are read with `read`');
    return tensorName;
  }
}

const pickKeys = <T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> =>
  Object.fromEntries(keys.map(key => [key, record[key]]));

const mapped = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
