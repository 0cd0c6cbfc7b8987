/**
 * The handle that users hold: one graph, its sites, and the verbs run, gradient, edit and save.
 * A model is immutable; each verb makes the graph it needs, compiles it once per shape and keeps it.
 */
import { isFloat } from '../base/dtype.ts';
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { escapeHtml } from '../display/html.ts';
import type { Table } from '../display/table.ts';
import { compile, type Program, type SessionOptions } from '../engine/compile.ts';
import { decompose } from '../engine/decompose.ts';
import { overriding, type Override } from '../engine/override.ts';
import { isHalf, widen } from '../engine/precision.ts';
import { profile } from '../engine/profile.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { cut, fixSizes, tap } from '../onnx/surgery.ts';
import { applyEdit } from './apply-edit.ts';
import { costOf, type Cost } from './cost.ts';
import { resolved } from './derivative.ts';
import { Differentiable } from './differentiable.ts';
import type { Edit } from './edits.ts';
import { feedsOf, type Inputs } from './feeds.ts';
import { imageInputOf, type ImageInput } from './image-input.ts';
import type { Reading } from './objective.ts';
import { prepared, type Picture } from './prepare.ts';
import { profileOf, type ProfileRow } from './profile.ts';
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

export class Model extends Differentiable {
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
    super();
    this.sites = new Sites(graph);
  }

  /**
   * Runs the network.
   * @param inputs a tensor (or data that fills the input's fixed dims) for each input
   * @returns every output by name, and what was read at the sites, in the file's own dtypes
   * @throws NameError on an unknown input, site or output; ShapeError on dims that do not fit
   * @example const { outputs, sites } = await model.run({ image }, { read: ['conv3', /relu[45]/] })
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
   * A copy of this model with edits spliced in, in order. The model itself is unchanged.
   * @throws NameError on an unknown site; ShapeError on a channel or shape that does not fit it
   * @example const edited = model.edit(ablate('conv3', { channels: [5] }), clamp('conv4', { max: 1 }))
   */
  edit(...edits: readonly (Edit | readonly Edit[])[]): Model {
    const list = edits.flat() as Edit[];
    for (const edit of list)
      if (typeof edit?.build !== 'function')
        throw new NeuronbookError(
          `no edit: ${String(edit)}; expected ablate(…), patch(…), steer(…) or clamp(…)`,
        );
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
   * const { sites } = await open.run(
   *   { input_ids: tensor([7n, 7n, 2n], [1, 3]), attention_mask: tensor([1n, 1n, 1n], [1, 3]) },
   *   { read: [/pattern$/] },
   * )
   */
  decompose(...which: readonly string[]): Model {
    const graph = decompose(this.graph, which.length ? which : undefined);
    return new Model(this.name, graph, [...this.edits, `decompose(${which.join(', ')})`], this.session);
  }

  /**
   * A copy in which sizes that the file leaves open are fixed.
   * @param sizes name of a size, as `model.sites` shows it → the number that it is from now on
   * @example gpt.sized({ position: 8 }).sites.get('tokens').shape // → batch,8
   */
  sized(sizes: Readonly<Record<string, number>>): Model {
    return new Model(this.name, fixSizes(this.graph, sizes), this.edits, this.session);
  }

  /**
   * The model as the bytes of an ordinary ONNX file.
   * @example const again = await load(model.toBytes())
   */
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
   * @param dims input tensor name → dims, or → a var that takes the input's place; a var may also take the place of
   *   any other site
   * @param at sites that something will be differentiated by: constants among them, such as rows of a table that are
   *   always the same, are not folded into what follows from them
   * @throws ShapeError where a var is not of its site's dims
   */
  trace(
    dims: Readonly<Record<string, readonly number[] | Var>>,
    trace?: Trace,
    at: readonly string[] = [],
  ): Traced {
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
    const untraced = new Map<string, Error>();
    const placed = new Map<string, Var>();
    for (const [name, value] of Object.entries(dims))
      if ('trace' in value && !(name in inputs)) placed.set(this.sites.get(name).tensor, value as Var);
    const open = new Set(at.flatMap(name => (this.sites.has(name) ? this.sites.get(name).tensor : [])));
    const vars = into.replay(graph, inputs, {
      made: (name, value) =>
        open.has(name) && value.value && isFloat(value.dtype)
          ? into.varying(value)
          : inPlace(value, placed.get(name)),
      lost: (name, why) => untraced.set(name, why),
    });
    const describe = (name: string): Site => this.sites.get(name);
    const value = (name: string): Var => {
      const { tensor: at } = describe(name);
      const why = untraced.get(at);
      if (why) throw why;
      return vars.get(at)!;
    };
    const traced: Traced = {
      trace: into,
      inputs,
      describe,
      value,
      overriding: (overrides, work) => overriding(into, resolved(overrides, traced, this.sites), work),
    };
    return traced;
  }

  /** How pictures enter this network, from its metadata; undefined where it says nothing. */
  get imageInput(): ImageInput | undefined {
    return imageInputOf(this.graph);
  }

  /**
   * A picture as this network was trained to see it: resized, cut, normalised and in its order of channels, as the
   * file says (`model.imageInput`). Where it says no size, the picture covers the input's, and what is too long is cut
   * off around the middle.
   * @param picture a tensor N×C×H×W in [0, 1], as `readImage` gives; a canvas's pixels; or the bytes of a file
   * @returns float32, as `model.run` takes it
   * @throws NeuronbookError where the network takes no pictures; ShapeError, FormatError on what is no picture
   * @example (await model.prepare(tensor(new Float32Array(3 * 60 * 80).fill(0.5), [1, 3, 60, 80]))).dims // → 1,3,48,48
   */
  prepare(picture: Picture): Promise<Tensor> {
    return prepared(this.graph, picture);
  }

  /** The tokenizer that came with the model. @throws NeuronbookError where none did */
  get tokenizer(): Tokenizer {
    return tokenizerOf(this.graph);
  }

  /**
   * What the network costs at these dims, site by site: parameters, multiply-adds, bytes of values. Nothing runs.
   * @param dims input name → dims
   * @example model.cost({ image: [1, 3, 48, 48] }).multiplyAdds
   */
  cost(dims: Readonly<Record<string, readonly number[]>>): Cost {
    return costOf(this.trace(dims).trace.steps, this.sites);
  }

  /**
   * Where the time goes: ONNX Runtime's kernels by the sites that they work for, slowest first.
   * @param runs how many runs the medians are taken of
   * @example await model.profile({ image })
   */
  async profile(inputs: Inputs, { runs = 10 }: { runs?: number } = {}): Promise<Table<ProfileRow>> {
    const kernels = await profile(this.graph, feedsOf(inputs, this.graph, this.sites), runs);
    return profileOf(this.graph, this.sites, kernels);
  }

  /**
   * Frees the compiled graphs. The model stays usable and compiles again on demand.
   * @example model.edit(ablate('conv3')).dispose()
   */
  dispose(): void {
    for (const program of this.programs.values()) void program.then(made => made.release());
    this.programs.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  override toString(): string {
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

  /** A graph of this model's, compiled once under `key` and freed by `dispose`. */
  program(key: string, make: () => Graph): Promise<Program> {
    const cached = this.programs.get(key);
    if (cached) return cached;
    const made = (async () => compile(make(), this.session))();
    this.programs.set(key, made);
    made.catch(() => this.programs.delete(key));
    return made;
  }

  protected compiled(graph: Graph): Promise<Program> {
    return compile(graph, this.session);
  }

  protected feeds(inputs: Inputs): Record<string, Tensor> {
    return feedsOf(inputs, this.single(), this.sites);
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

/** What is to take a value's place, where something is. */
function inPlace(value: Var, given: Var | undefined): Var {
  if (given && !sameDims(given.dims, value.dims))
    throw new ShapeError(
      `${formatDims(given.dims)} in the place of ${value.name}; expected ${formatDims(value.dims)}, like that site`,
    );
  return given ?? value;
}

const pickKeys = <T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> =>
  Object.fromEntries(keys.map(key => [key, record[key]]));
