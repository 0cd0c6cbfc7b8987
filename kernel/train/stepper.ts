/**
 * Runs steps: draws what a step needs, feeds it to the step's graph and swaps the state. One program per batch shape
 * (as a rule there is one), and one more where a step adds up the gradients of several batches.
 */
import { NeuronbookError } from '../base/errors.ts';
import { rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';
import { compile, type Program } from '../engine/compile.ts';
import type { Batch, Source } from './data.ts';
import { LOSS, RUNNING, THETA, type ForwardOptions } from './forward.ts';
import { shapesOf } from './held-out.ts';
import { fillMask } from './mask.ts';
import type { Labels } from './loss.ts';
import { mixOf, PARTNER } from './mix-up.ts';
import { assertNumbers, brokenIn } from './numbers.ts';
import type { Optimizer } from './optimizer.ts';
import { totalOf, type Choice } from './parameters.ts';
import { State } from './state.ts';
import { AVERAGE, GRADIENT, HYPER, hyperNames, KEPT, LABELS, nextName, slotName, stepGraph } from './step.ts';

export interface StepperOptions {
  network: Omit<ForwardOptions, 'batch'>;
  optimizer: Optimizer;
  seed: number | string;
  clip?: number;
  /** What the average of θ keeps of itself. */
  average?: number;
  /** α of mix-up. */
  mixUp?: number;
  /** Sites whose values are kept for the way back. */
  keep?: Choice;
  /** Batches per step. */
  accumulate: number;
}

interface Compiled {
  program: Program;
  /** The dropout masks it is fed, and how much of each is kept. */
  masks: readonly { name: string; tensor: Tensor; kept: number }[];
  /** The entries of the batch that hold classes. */
  labels: Readonly<Record<string, Labels>>;
}

const number = (): Tensor => new Tensor('float32', [1], new Float32Array(1));

export class Stepper {
  /** θ, the optimizer's slots, and where there are any the average and the running statistics. */
  readonly state: State;
  private readonly sum?: State;
  private readonly programs = new Map<string, Promise<Compiled>>();
  private readonly hyper: Tensor;
  private readonly loss = number();

  constructor(private readonly options: StepperOptions) {
    const { network, optimizer, accumulate, average, mixUp } = options;
    const { parameters, statistics = [] } = network;
    const total = totalOf(parameters);
    this.state = new State({
      [THETA]: total,
      ...Object.fromEntries(optimizer.slots.map(slot => [slotName(slot), total])),
      ...(average !== undefined && { [AVERAGE]: total }),
      ...(statistics.length && { [RUNNING]: totalOf(statistics) }),
    });
    if (accumulate > 1) this.sum = new State({ [GRADIENT]: total });
    const count = hyperNames(optimizer, mixUp !== undefined).length;
    this.hyper = new Tensor('float32', [count], new Float32Array(count));
  }

  /**
   * Step `step` (from 0) at this learning rate.
   * @returns the mean loss before the update; undefined where the data has ended
   * @throws NeuronbookError where the loss is NaN or infinite, or the batch holds a token or class that there is not;
   * θ and the slots stay as they were
   */
  async step(step: number, rate: number, { draw }: Source): Promise<number | undefined> {
    const { accumulate, optimizer } = this.options;
    (this.hyper.data as Float32Array).set([rate, ...Object.values(optimizer.scalars(step + 1))]);
    this.sum?.vector(GRADIENT).fill(0);
    let sum = 0;
    for (let i = 0; i < accumulate; i++) {
      const index = step * accumulate + i;
      const batch = await draw(index);
      if (!batch) return undefined;
      const value = await this.run(index, batch, i === accumulate - 1);
      if (!Number.isFinite(value))
        throw new NeuronbookError(
          `loss is ${value} at step ${step + 1}, with a learning rate of ${rate}; ` +
            (brokenIn(batch) ?? 'lower the rate, or set `clip`'),
        );
      sum += value;
    }
    return Math.fround(sum / accumulate);
  }

  async release(): Promise<void> {
    for (const compiled of this.programs.values()) await (await compiled).program.release();
  }

  /** One batch. Its results count only where its loss is a number. */
  private async run(index: number, batch: Batch, last: boolean): Promise<number> {
    const { program, masks, labels } = await this.compiled(batch, last);
    assertNumbers(this.options.network.graph, labels, batch);
    const mixed = this.mix(index, batch);
    for (const { name, tensor, kept } of masks)
      fillMask(tensor.data as Float32Array, kept, rng(`${this.options.seed}/${name}/${index}`));
    const given: Record<string, Tensor> = {
      ...batch,
      ...this.state.current,
      ...this.sum?.current,
      ...mixed,
      [HYPER]: this.hyper,
      ...Object.fromEntries(masks.map(({ name, tensor }) => [name, tensor])),
    };
    // the batch may hold more than the program reads
    const feeds = Object.fromEntries(program.inputs.map(({ name }) => [name, given[name]]));
    const fetch: Record<string, Tensor> = { [LOSS]: this.loss };
    const written = new Set(program.outputs.map(({ name }) => name));
    for (const { next } of this.states())
      for (const [name, tensor] of Object.entries(next))
        if (written.has(nextName(name))) fetch[nextName(name)] = tensor;
    await program.run(feeds, { fetch });
    const [value] = this.loss.data as Float32Array;
    if (Number.isFinite(value))
      for (const state of this.states())
        state.swap(Object.keys(state.next).filter(name => written.has(nextName(name))));
    return value;
  }

  private states(): State[] {
    return this.sum ? [this.state, this.sum] : [this.state];
  }

  /** Draws how this batch is mixed; the share goes to the end of the scalars. */
  private mix(index: number, batch: Batch): Record<string, Tensor> {
    const { mixUp, seed } = this.options;
    if (mixUp === undefined) return {};
    const { share, partner } = mixOf(`${seed}/mix/${index}`, mixUp, countOf(batch));
    const scalars = this.hyper.data as Float32Array;
    scalars[scalars.length - 1] = share;
    return { [PARTNER]: partner };
  }

  private compiled(batch: Batch, last: boolean): Promise<Compiled> {
    const key = `${shapesOf(batch)} ${last}`;
    const known = this.programs.get(key);
    if (known) return known;
    const made = this.compile(batch, last);
    this.programs.set(key, made);
    return made;
  }

  private async compile(batch: Batch, last: boolean): Promise<Compiled> {
    const { network, optimizer, clip, average, mixUp, keep, accumulate } = this.options;
    const graph = stepGraph({
      ...network,
      batch,
      optimizer,
      clip,
      keep,
      average,
      mixed: mixUp !== undefined,
      accumulate: accumulate > 1 ? { batches: accumulate, last } : undefined,
    });
    const kept = JSON.parse(graph.metadata[KEPT]) as Record<string, number>;
    const masks = graph.inputs
      .filter(({ name }) => name in kept)
      .map(({ name, dims }) => {
        const sizes = dims as readonly number[];
        const data = new Float32Array(sizes.reduce((product, size) => product * size, 1));
        return { name, tensor: new Tensor('float32', sizes, data), kept: kept[name] };
      });
    const labels = JSON.parse(graph.metadata[LABELS]) as Record<string, Labels>;
    return { program: await compile(graph), masks, labels };
  }
}

/** Examples in a batch. */
export const countOf = (batch: Batch): number => Object.values(batch)[0]?.dims[0] ?? 0;
