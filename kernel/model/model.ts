/**
 * The handle that users hold: one graph, its sites, and the verbs run, gradient, edit and save.
 * A model is immutable; each verb makes the graph it needs, compiles it once per shape and keeps it.
 */
import { NameError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims } from '../base/shape.ts';
import { isTensor, tensor, type Tensor, type TensorLike } from '../base/tensor.ts';
import { escapeHtml } from '../display/html.ts';
import { compile, type Program } from '../engine/compile.ts';
import { gradients } from '../engine/grad.ts';
import { isHalf, widen } from '../engine/precision.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { cut, tap } from '../onnx/surgery.ts';
import { writeFile } from '#platform/files';
import { applyEdit } from './apply-edit.ts';
import type { Edit } from './edits.ts';
import { imageInputOf, type ImageInput } from './image-input.ts';
import type { Objective, Reading } from './objective.ts';
import { Sites, type Site } from './sites.ts';

export type Inputs = Readonly<Record<string, TensorLike>>;

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

export interface GradientOptions {
  /** What to differentiate. */
  of: Objective;
  /** Where: sites, inputs among them. */
  at: readonly string[];
}

/** A network traced at concrete shapes, in float32, ready to be extended with more graph. */
export interface Traced extends Reading {
  readonly trace: Trace;
  /** The inputs that are fed, by tensor name. */
  readonly inputs: Readonly<Record<string, Var>>;
}

export class Model {
  readonly sites: Sites;
  private readonly programs = new Map<string, Promise<Program>>();
  private float32?: Graph;

  /** @param edits what was done to the file's network, for display */
  constructor(
    readonly name: string,
    readonly graph: Graph,
    readonly edits: readonly string[] = [],
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
    const feeds = this.feeds(inputs, this.graph);
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
   * The gradient of an objective with respect to the values at sites.
   * @returns ∂of/∂site for each of `at`, by the name it was asked for, of the site's dims, in float32: a float16
   *   network is differentiated in float32
   * @throws OpError where the way back passes an op that has no gradient
   */
  async gradient(inputs: Inputs, { of, at }: GradientOptions): Promise<Record<string, Tensor>> {
    const sites = at.map(name => this.sites.get(name));
    const feeds = this.feeds(inputs, this.single());
    const shapes = Object.entries(feeds).map(([name, value]) => `${name}:${value.dims.join('×')}`);
    const program = await this.program(`gradient ${of} @ ${sites.map(site => site.tensor)} ${shapes}`, () => {
      const traced = this.trace(
        Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, value.dims])),
      );
      const score = of.build(traced);
      const found = gradients(
        traced.trace,
        score,
        sites.map(site => traced.value(site.name)),
      );
      return traced.trace.graph(
        Object.fromEntries(sites.map((site, i) => [`∂${i}`, found[i]] as const)),
        `∂ ${this.name}`,
      );
    });
    const results = await program.run(
      pickKeys(
        feeds,
        program.graph.inputs.map(input => input.name),
      ),
    );
    return Object.fromEntries(at.map((name, i) => [name, results[`∂${i}`]]));
  }

  /**
   * A copy of this model with edits spliced in, in order. The model itself is unchanged.
   * @throws NameError on an unknown site; ShapeError on a channel or shape that does not fit it
   */
  edit(...edits: readonly (Edit | readonly Edit[])[]): Model {
    const list = edits.flat() as Edit[];
    const graph = list.reduce((before, edit) => applyEdit(before, edit), this.graph);
    return new Model(this.name, graph, [...this.edits, ...list.map(edit => edit.text)]);
  }

  /** The model as the bytes of an ordinary ONNX file. */
  toBytes(): Uint8Array {
    return encode(this.graph);
  }

  /** Writes an ordinary ONNX file. */
  async save(path: string): Promise<void> {
    await writeFile(path, this.toBytes());
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
    return { trace: into, inputs, describe, value: name => vars.get(describe(name).tensor)! };
  }

  /** How pictures enter this network, from its metadata; undefined where it says nothing. */
  get imageInput(): ImageInput | undefined {
    return imageInputOf(this.graph);
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

  private program(key: string, make: () => Graph): Promise<Program> {
    const cached = this.programs.get(key);
    if (cached) return cached;
    const made = (async () => compile(make()))();
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

  /** Checks names and dims once, here, and gives every input the dtype that the graph wants. */
  private feeds(inputs: Inputs, graph: Graph): Record<string, Tensor> {
    const known = graph.inputs.map(input => input.name);
    for (const name of Object.keys(inputs))
      if (!known.includes(name) && !this.inputSite(name))
        throw new NameError('input', name, nearest(name, known), `inputs: ${known.join(', ')}`);
    return Object.fromEntries(
      graph.inputs.map(({ name, dtype, dims }) => {
        const given =
          inputs[name] ?? Object.entries(inputs).find(([key]) => this.inputSite(key) === name)?.[1];
        if (given === undefined)
          throw new NameError(
            'input',
            Object.keys(inputs).join(', ') || '(none)',
            [name],
            `the model needs ${name}`,
          );
        const fixed = dims?.every(dim => typeof dim === 'number') ? (dims as number[]) : undefined;
        const value = tensor(given, isTensor(given) ? undefined : fixed).cast(dtype);
        const fits =
          !dims ||
          (value.dims.length === dims.length &&
            dims.every((dim, axis) => typeof dim === 'string' || dim === value.dims[axis]));
        if (!fits)
          throw new ShapeError(`input ${name} is ${formatDims(value.dims)}; expected ${formatDims(dims)}`);
        return [name, value];
      }),
    );
  }

  /** The tensor of the input that `name` documents, if it does. */
  private inputSite(name: string): string | undefined {
    const site = this.sites.has(name) ? this.sites.get(name) : undefined;
    return site?.kind === 'input' ? site.tensor : undefined;
  }
}

const pickKeys = <T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> =>
  Object.fromEntries(keys.map(key => [key, record[key]]));
