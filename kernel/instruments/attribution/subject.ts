/**
 * A network seen from one site: values of that site are fed, many rows at once, and each row is scored by itself.
 * Every attribution is a question to this graph: rows on a path (integrated gradients), rows with noise (SmoothGrad),
 * rows with a patch covered (occlusion).
 *
 *   rows ─▶ [ site ─▶ … the rest of the network … ─▶ objective, row by row ] ─▶ scores, and whatever `build` adds
 */
import { allocate, isFloat } from '../../base/dtype.ts';
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { sizeOf } from '../../base/shape.ts';
import { isTensor, Tensor, tensor, type TensorLike } from '../../base/tensor.ts';
import { Progress } from '../../display/progress.ts';
import { compile, type Program } from '../../engine/compile.ts';
import { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import { feedsOf, type Inputs } from '../../model/feeds.ts';
import type { Model, Traced } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import type { Site } from '../../model/sites.ts';
import { broadcast, leading, picked, type Numbers } from './numbers.ts';
import { scoresOf } from './scores.ts';

export interface Asked {
  /** What is explained: one objective for all examples, or one for each. It sees its example as a batch of one. */
  of: Objective | readonly Objective[];
  /**
   * The site whose values get the blame; the network's input where left out, and its embedding where it reads tokens.
   */
  at?: string;
}

export interface Batched {
  /** How many rows run together. */
  batch?: number;
  /** Show the progress of what takes more than one batch. */
  live?: boolean;
}

/** One question: an example, with its value at the site replaced. */
export interface Row {
  readonly example: number;
  /** Writes the value of this row; the example's own where left out. */
  fill?(into: Numbers): void;
}

/** In front of the names of results: a network may have a site called `score`. */
const RESULT = 'attribution/';

/** What is computed of a batch of rows beside their scores; each result has the rows along its first axis. */
export type Build = (traced: Traced, value: Var, scores: Var) => Readonly<Record<string, Var>>;

/** Results for some rows, by name; `score` is always among them. */
export interface Answered {
  readonly rows: readonly Row[];
  readonly results: Readonly<Record<string, Tensor>>;
}

/** Where the rows enter, and where the examples' own values do. */
const ENTRY = 'attribution/rows';

type Programs = Map<string, Promise<Program>>;

/** By model and objective, which are told apart as values: what an objective prints does not say all. */
const kept = new WeakMap<Model, WeakMap<Objective, Programs>>();

function keptFor(model: Model, objective: Objective): Programs {
  const ofModel = kept.get(model) ?? new WeakMap<Objective, Programs>();
  const programs = ofModel.get(objective) ?? new Map<string, Promise<Program>>();
  kept.set(model, ofModel.set(objective, programs));
  return programs;
}

export class Subject {
  /** Programs that no later call will ask for, by objective. */
  private readonly programs = new Map<Objective, Programs>();
  /** Rows that this network takes at once, where it turned out to take only so many. */
  private most = Infinity;

  private constructor(
    readonly model: Model,
    readonly site: Site,
    /** The examples at the site, first axis. */
    readonly value: Tensor,
    readonly objectives: readonly Objective[],
    /** What the network was given, by tensor name. */
    readonly inputs: Readonly<Record<string, Tensor>>,
  ) {}

  /**
   * @param options `integers`: whether the site may hold token ids
   * @throws NameError on a site that does not exist; NeuronbookError where it holds no numbers that vary smoothly
   */
  static async of(
    model: Model,
    inputs: Inputs,
    { of, at }: Asked,
    { integers = false }: { integers?: boolean } = {},
  ): Promise<Subject> {
    const site = at === undefined ? entryOf(model, integers) : model.sites.get(at);
    if (!integers && !isFloat(site.dtype))
      throw new NeuronbookError(
        `${site.name} holds ${site.dtype} numbers, along which nothing varies smoothly; expected a float site: ` +
          `give { at: '${embeddingOf(model)?.name ?? 'the embedding'}' }`,
      );
    const feeds = feedsOf(inputs, model.graph, model.sites);
    // a float16 network is differentiated in float32
    const wide = (value: Tensor) => (value.dtype === 'float16' ? value.cast('float32') : value);
    const value =
      feeds[site.tensor] ?? (await model.run(inputs, { read: [site.name], outputs: [] })).sites[site.name];
    if (!value.dims.length)
      throw new ShapeError(`${site.name} is one number; expected examples along its first axis`);
    const examples = value.dims[0];
    const list = Array.isArray(of) ? (of as readonly Objective[]) : [of as Objective];
    if (list.length !== 1 && list.length !== examples)
      throw new ShapeError(
        `${list.length} objectives for ${examples} examples; expected one for all, or one for each`,
      );
    if (list.some(each => typeof each?.build !== 'function'))
      throw new NeuronbookError(
        `no objective: of is ${String(of)}; expected what is to be explained: of: pick('logits', [0, 3])`,
      );
    const objectives = Array.from({ length: examples }, (_, i) => list[list.length === 1 ? 0 : i]);
    return new Subject(model, site, wide(value), objectives, mapValues(feeds, wide));
  }

  get examples(): number {
    return this.value.dims[0];
  }

  /** The dims of one example at the site. */
  get rowDims(): readonly number[] {
    return this.value.dims.slice(1);
  }

  get rowSize(): number {
    return sizeOf(this.rowDims);
  }

  /** One row for each example, as it is. */
  get own(): Row[] {
    return Array.from({ length: this.examples }, (_, example) => ({ example }));
  }

  /** The numbers of one example. */
  valueOf(example: number): Numbers {
    return this.numbers.subarray(example * this.rowSize, (example + 1) * this.rowSize);
  }

  /**
   * Values of the site's dims from what a caller gives: a number, anything that broadcasts, or other inputs, whose
   * values at the site are taken.
   */
  async filled(given: number | TensorLike | Inputs, what: string): Promise<Numbers> {
    const plain = isInputs(given)
      ? (feedsOf(given, this.model.graph, this.model.sites)[this.site.tensor] ??
        (await this.model.run(given, { read: [this.site.name], outputs: [] })).sites[this.site.name])
      : tensor(given);
    return broadcast(plain, this.value, `${what} at ${this.site.name}`);
  }

  /**
   * Asks about rows, batch by batch. Interrupt ends it with what is answered so far.
   * @param key tells this `build` from others, also in later calls, for which its program is kept; '' where no text
   *   tells, since it holds functions
   */
  async *ask(
    rows: readonly Row[],
    key: string,
    build: Build,
    { batch = 64, live = true }: Batched = {},
  ): AsyncGenerator<Answered> {
    if (!Number.isInteger(batch) || batch < 1)
      throw new NeuronbookError(`batch: ${batch}; expected a whole number from 1`);
    const groups = new Map<Objective, Row[]>();
    for (const row of rows) {
      const objective = this.objectives[row.example];
      const group = groups.get(objective);
      if (group) group.push(row);
      else groups.set(objective, [row]);
    }
    const bar = live && rows.length > batch ? new Progress([], rows.length, 'Attributing') : undefined;
    try {
      for (const [objective, group] of groups) {
        for (let first = 0; first < group.length;) {
          if (host().interrupted) return;
          const { program, size } = await this.programFor(
            objective,
            key,
            build,
            Math.min(batch, group.length),
          );
          const some = group.slice(first, first + size);
          const made = await program.run(this.feedsFor(program, some, size));
          const results = Object.entries(made).map(([label, value]) => [
            label.slice(RESULT.length),
            leading(value, some.length),
          ]);
          yield { rows: some, results: Object.fromEntries(results) as Record<string, Tensor> };
          first += some.length;
          bar?.step(some.length);
        }
      }
    } finally {
      bar?.end();
    }
  }

  /** All answers at once: each result for all rows, in their order. */
  async all(
    rows: readonly Row[],
    key: string,
    build: Build,
    options?: Batched,
  ): Promise<Record<string, Tensor>> {
    const place = new Map(rows.map((row, i) => [row, i]));
    const whole: Record<string, Tensor> = {};
    for await (const { rows: some, results } of this.ask(rows, key, build, options))
      for (const [name, { data, dims }] of Object.entries(results)) {
        const [, ...rest] = dims;
        whole[name] ??= tensor(new Float32Array(rows.length * sizeOf(rest)), [rows.length, ...rest]);
        const size = sizeOf(rest);
        some.forEach((row, i) =>
          (whole[name].data as Float32Array).set(
            (data as Float32Array).subarray(i * size, (i + 1) * size),
            place.get(row)! * size,
          ),
        );
      }
    if (!Object.keys(whole).length) throw new NeuronbookError('interrupted before anything was attributed');
    return whole;
  }

  /** The program for as many rows as the network takes: a file may have been written for one example at a time. */
  private async programFor(
    objective: Objective,
    key: string,
    build: Build,
    wanted: number,
  ): Promise<{ program: Program; size: number }> {
    const size = Math.min(wanted, this.most);
    const programs = key ? keptFor(this.model, objective) : (this.programs.get(objective) ?? new Map());
    if (!key) this.programs.set(objective, programs);
    const dims = Object.values(this.inputs).map(value => value.dims.join('×'));
    const name = `${key} ${this.site.tensor} ${size} of ${dims.join()}`;
    try {
      const made = programs.get(name) ?? this.compiled(objective, build, size);
      programs.set(name, made);
      return { program: await made, size };
    } catch (error) {
      programs.delete(name);
      if (!(error instanceof ShapeError) || size === 1) throw error;
      this.most = 1;
      return this.programFor(objective, key, build, 1);
    }
  }

  private async compiled(objective: Objective, build: Build, size: number): Promise<Program> {
    const trace = new Trace();
    const value = trace.input(ENTRY, this.value.dtype, [size, ...this.rowDims]);
    const dims = mapValues(this.inputs, ({ dims: own }) =>
      this.isPerExample(own) ? [size, ...own.slice(1)] : own,
    );
    const traced = this.model.trace({ ...dims, [this.site.tensor]: value }, trace);
    const scores = scoresOf(objective, traced, size);
    const results = Object.entries({ score: scores, ...build(traced, value, scores) });
    return compile(
      trace.graph(
        Object.fromEntries(results.map(([name, made]) => [RESULT + name, made])),
        `attribution of ${this.model.name}`,
      ),
    );
  }

  private isPerExample(dims: readonly number[]): boolean {
    return dims.length > 0 && dims[0] === this.examples;
  }

  private feedsFor(program: Program, rows: readonly Row[], size: number): Record<string, Tensor> {
    const padded = Array.from({ length: size }, (_, i) => rows[Math.min(i, rows.length - 1)]);
    const examples = padded.map(({ example }) => example);
    return Object.fromEntries(
      program.inputs.map(({ name }) => {
        const own = this.inputs[name];
        if (name !== ENTRY) return [name, this.isPerExample(own.dims) ? picked(own, examples) : own];
        const data = allocate(this.value.dtype, size * this.rowSize) as Numbers;
        padded.forEach((row, i) => {
          const into = data.subarray(i * this.rowSize, (i + 1) * this.rowSize);
          (into as Float32Array).set(this.valueOf(row.example) as Float32Array);
          row.fill?.(into);
        });
        return [name, new Tensor(this.value.dtype, [size, ...this.rowDims], data)];
      }),
    );
  }

  private get numbers(): Numbers {
    return this.value.data as Numbers;
  }
}

const mapValues = <T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/** Other inputs are a record of them; everything else is numbers. */
const isInputs = (given: number | TensorLike | Inputs): given is Inputs =>
  typeof given === 'object' && !isTensor(given) && !Array.isArray(given) && !ArrayBuffer.isView(given);

/** What stands at the front of a network: its only input of numbers, or else its embedding. */
function entryOf(model: Model, integers: boolean): Site {
  const inputs = [...model.sites].filter(site => site.kind === 'input');
  const smooth = inputs.filter(site => isFloat(site.dtype));
  if (integers && inputs.length === 1) return inputs[0];
  const found = smooth.length === 1 ? smooth[0] : smooth.length ? undefined : embeddingOf(model);
  if (found) return found;
  throw new NeuronbookError(
    `cannot tell where ${model.name} is to be explained: it has the inputs ${inputs.map(({ name }) => name).join(', ')}; ` +
      `name a site: { at: '${(smooth[0] ?? inputs[0] ?? [...model.sites][0]).name}' }`,
  );
}

/** The first table of vectors that is read by numbers. */
const embeddingOf = (model: Model): Site | undefined =>
  [...model.sites].find(site => site.op === 'Gather' && isFloat(site.dtype));
