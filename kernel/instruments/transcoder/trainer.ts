/**
 * Runs steps: feeds the step's graph and swaps the state. There are two programs, as looking after dead features costs
 * time: one for steps at which there are some, one for all others.
 */
import { NeuronbookError } from '../../base/errors.ts';
import { rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import { compile, type Program } from '../../engine/compile.ts';
import { THETA } from '../../train/forward.ts';
import { totalOf, type Parameter } from '../../train/parameters.ts';
import { State } from '../../train/state.ts';
import { HYPER, nextName, slotName } from '../../train/step.ts';
import { firstWeights, layoutOf, total } from './coder.ts';
import type { StepMetrics } from './history.ts';
import { resample } from './resample.ts';
import type { Rows } from './rows.ts';
import {
  DENSITY,
  hyperCount,
  MEASURED,
  missingGraph,
  REPORT,
  REPORTED,
  SILENCE,
  stepGraph,
  X,
  Y,
  type StepOptions,
} from './step.ts';

/** A feature that is active at a larger share of rows is dense. */
const DENSE = 0.1;

export interface TrainerOptions extends StepOptions {
  seed: number | string;
}

export class Trainer {
  private readonly state: State;
  private readonly trained: readonly Parameter[];
  private readonly measured: readonly Parameter[];
  private readonly hyper: Tensor;
  private readonly report = floats(REPORTED.length);
  private readonly programs = new Map<string, Promise<Program>>();

  constructor(private readonly options: TrainerOptions) {
    const { coder, optimizer } = options;
    ({ trained: this.trained, measured: this.measured } = layoutOf(coder));
    const size = totalOf(this.trained);
    this.state = new State({
      [THETA]: size,
      ...Object.fromEntries(optimizer.slots.map(slot => [slotName(slot), size])),
      ...(this.measured.length && { [MEASURED]: totalOf(this.measured) }),
      [SILENCE]: coder.features,
      [DENSITY]: coder.features,
    });
    this.hyper = floats(hyperCount(optimizer));
  }

  /** First weights. @param given values that are known from the data */
  begin(seed: number | string, given: Readonly<Record<string, Float32Array>>): void {
    const weights = firstWeights(this.options.coder, seed);
    for (const [vector, entries] of this.vectorsOf())
      for (const { name, offset } of entries)
        this.state.vector(vector).set(given[name] ?? weights[name].data, offset);
  }

  restore(vectors: Readonly<Record<string, Float32Array>>): void {
    const names = Object.keys(this.state.current);
    this.state.set(Object.fromEntries(names.map(name => [name, vectors[name]])));
  }

  vectors(): Record<string, Float32Array> {
    return this.state.vectors();
  }

  /** The weights by name, in memory of their own. */
  weights(): Record<string, Tensor> {
    return Object.fromEntries(
      this.vectorsOf().flatMap(([vector, entries]) =>
        entries.map(({ name, dims, offset, size }) => [
          name,
          new Tensor('float32', dims, this.state.vector(vector).slice(offset, offset + size)),
        ]),
      ),
    );
  }

  /**
   * Step `step` (from 0).
   * @param share of the sparsity coefficient
   * @throws NeuronbookError where the loss is NaN or infinite; the state stays as it was
   */
  async step(step: number, rate: number, share: number, rows: Rows): Promise<StepMetrics> {
    const { optimizer, revival, coder } = this.options;
    (this.hyper.data as Float32Array).set([rate, ...Object.values(optimizer.scalars(step + 1)), share]);
    const reviving = revival?.loss !== undefined && this.dead().length > 0;
    const program = await this.program(reviving ? 'reviving' : 'plain', () =>
      stepGraph({ ...this.options, revival: reviving ? revival : undefined }),
    );
    const { state } = this;
    const fetch = Object.fromEntries(
      Object.entries(state.next).map(([name, next]) => [nextName(name), next]),
    );
    await program.run(this.feeds(program, rows), { fetch: { ...fetch, [REPORT]: this.report } });
    const values = this.report.data as Float32Array;
    if (!Number.isFinite(values[0]))
      throw new NeuronbookError(
        `loss is ${values[0]} at step ${step + 1}, with a learning rate of ${rate}; lower the rate, or set \`clip\``,
      );
    state.swap();
    const dense = state.vector(DENSITY).reduce((count, share) => count + Number(share > DENSE), 0);
    return {
      ...(Object.fromEntries(REPORTED.map((name, i) => [name, values[i]])) as Record<
        (typeof REPORTED)[number],
        number
      >),
      dead: this.dead().length / coder.features,
      dense: dense / coder.features,
    };
  }

  /** What is done between steps: resampling, where it is time to. @param step steps done */
  async between(step: number, rows: Rows): Promise<void> {
    const { revival, coder, optimizer, seed } = this.options;
    if (!revival?.every || step % revival.every) return;
    const dead = this.dead();
    if (!dead.length) return;
    const program = await this.program('missing', () => missingGraph(this.options));
    const { centred, residual } = await program.run(this.feeds(program, rows));
    resample({
      dead,
      features: coder.features,
      trained: this.trained,
      theta: this.state.vector(THETA),
      slots: optimizer.slots.map(slot => this.state.vector(slotName(slot))),
      centred: centred.data as Float32Array,
      residual: residual.data as Float32Array,
      rows: this.options.rows,
      random: rng(`${seed}/resample/${step}`),
    });
    const silence = this.state.vector(SILENCE);
    for (const i of dead) silence[i] = 0;
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await (await program).release();
  }

  private dead(): number[] {
    const { deadAfter } = this.options;
    const dead: number[] = [];
    this.state.vector(SILENCE).forEach((rows, i) => rows >= deadAfter && dead.push(i));
    return dead;
  }

  private vectorsOf(): [string, readonly Parameter[]][] {
    return this.measured.length
      ? [
          [THETA, this.trained],
          [MEASURED, this.measured],
        ]
      : [[THETA, this.trained]];
  }

  private feeds(program: Program, { x, y }: Rows): Record<string, Tensor> {
    const { rows, coder } = this.options;
    const given: Record<string, Tensor> = {
      ...this.state.current,
      [HYPER]: this.hyper,
      [X]: x.reshape([rows, total(coder.inputs)]),
      [Y]: y.reshape([rows, total(coder.outputs)]),
    };
    return Object.fromEntries(program.inputs.map(({ name }) => [name, given[name]]));
  }

  private program(what: string, make: () => Parameters<typeof compile>[0]): Promise<Program> {
    const known = this.programs.get(what);
    if (known) return known;
    const made = compile(make());
    this.programs.set(what, made);
    return made;
  }
}

const floats = (count: number): Tensor => new Tensor('float32', [count], new Float32Array(count));
