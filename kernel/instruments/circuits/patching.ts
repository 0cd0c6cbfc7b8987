/**
 * Activation patching: run the network on a corrupted prompt, put what a clean prompt gave at one place, and see how
 * much of the clean answer comes back.
 *
 *   effect = (score(patched) − score(corrupt)) ⁄ (score(clean) − score(corrupt))
 *
 * All places of one site are rows of one batch, so that a site is one compiled graph.
 * @see https://arxiv.org/abs/2202.05262 (causal tracing), https://arxiv.org/abs/2309.16042 (best practices)
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { host, type MimeBundle } from '../../base/host.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { displaySymbol, type DisplayOptions } from '../../display/displayable.ts';
import { progress } from '../../display/progress.ts';
import { patching as view, type PatchingOptions } from '../../display/views/patching.ts';
import { compile } from '../../engine/compile.ts';
import { concat, reshape, slice } from '../../engine/functions.ts';
import { patch } from '../../model/edits.ts';
import type { Inputs, Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import { axesOf, blockSites, repeated, stack } from './blocks.ts';

export interface PatchingGridOptions {
  /**
   * What is patched in each block, by the end of its name: `resid.pre`, `attn.z`, `mlp.out`, …. A site with heads, given
   * alone, is patched head by head; several sites stand side by side.
   */
  sites?: readonly string[];
  /** The words of the vocabulary by id, for display; ids where left out. */
  words?: readonly string[];
  /** Whether a bar is shown. */
  live?: boolean;
}

/** Effects of patching; shows itself as a map. */
export class Patching {
  constructor(
    /** layers × positions × parts (heads, or sites); NaN where it was interrupted before. */
    readonly effects: Tensor,
    readonly parts: readonly string[],
    /** The scores between which effects are shares: 1 is the clean score, 0 the corrupted. */
    readonly scores: { readonly clean: number; readonly corrupt: number },
    private readonly clean: readonly string[],
    private readonly corrupt: readonly string[],
    private readonly title: string,
  ) {}

  /** The map, with options of one's own. */
  view(options: PatchingOptions = {}) {
    return view(this.effects, this.corrupt, {
      title: this.title,
      unit: 'share restored',
      parts: this.parts,
      layers: Array.from({ length: this.effects.dims[0] }, (_, l) => `block ${l}`),
      prompt: this.corrupt,
      source: this.clean,
      ...options,
    });
  }

  [displaySymbol](options?: DisplayOptions): MimeBundle {
    return this.view()[displaySymbol](options);
  }

  toString(): string {
    return this.view().toString();
  }
}

/** Rows of one compiled graph: more only take memory. */
const ROWS = 64;

/** The objective of each example in a batch, each as if it were alone. */
async function scoresOf(model: Model, inputs: Record<string, Tensor>, of: Objective): Promise<Float32Array> {
  const [count] = Object.values(inputs)[0].dims;
  const traced = model.trace(
    Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims])),
  );
  const rows = Array.from({ length: count }, (_, row) =>
    reshape(
      of.build({
        describe: site => traced.describe(site),
        value: site => {
          const value = traced.value(site);
          const ends = value.dims.map((dim, axis) => (axis === 0 ? row + 1 : dim));
          return slice(
            value,
            value.dims.map((_, axis) => (axis === 0 ? row : 0)),
            ends,
          );
        },
      }),
      [1],
    ),
  );
  const program = await compile(traced.trace.graph({ scores: concat(rows, 0) }, 'scores'));
  try {
    const wanted = new Set(program.graph.inputs.map(({ name }) => name));
    const fed = Object.fromEntries(Object.entries(inputs).filter(([name]) => wanted.has(name)));
    return (await program.run(fed)).scores.data as Float32Array;
  } finally {
    await program.release();
  }
}

/** `into` with what `from` holds at one position (and head): 1×… both. */
function mixed(into: Tensor, from: Tensor, where: { axis: number; index: number }[]): Tensor {
  const data = Float32Array.from(into.toFloat32OrWider());
  const source = from.toFloat32OrWider();
  const strides = into.dims.map((_, axis) => into.dims.slice(axis + 1).reduce((size, dim) => size * dim, 1));
  for (let i = 0; i < data.length; i++)
    if (where.every(({ axis, index }) => Math.floor(i / strides[axis]) % into.dims[axis] === index))
      data[i] = source[i];
  return tensor(data, into.dims);
}

/**
 * Patches each block, position and head (or site) of a corrupted run with what a clean run gave there.
 * @param clean inputs of one example, e.g. `{ tokens }` of 1×T
 * @param corrupt the same of the example that is patched, as long
 * @param objective what the answer is worth, e.g. `pick('logits', [0, -1, right]).add(pick('logits', [0, -1, wrong]).neg())`
 * @returns effects of layers×positions×parts: 0 where nothing comes back, 1 where all of the difference does
 * @throws ShapeError where the prompts differ in length; NameError on an unknown site; NeuronbookError where both prompts
 * score alike
 * @see https://arxiv.org/abs/2309.16042
 * @example
 * const [clean, corrupt] = [tensor([1n, 2n, 3n], [1, 3]), tensor([1n, 5n, 3n], [1, 3])]
 * await circuits.patching(gpt, { tokens: clean }, { tokens: corrupt }, pick('logits', [0, -1, 4]), { sites: ['resid.pre'] })
 */
export async function patching(
  model: Model,
  clean: Inputs,
  corrupt: Inputs,
  objective: Objective,
  { sites = ['resid.pre'], words, live = true }: PatchingGridOptions = {},
): Promise<Patching> {
  const [cleanOnce, corruptOnce] = [repeated(clean, 1), repeated(corrupt, 1)];
  const input = model.graph.inputs[0].name;
  const [cleanIds, ids] = [cleanOnce, corruptOnce].map(inputs => inputs[input].toNumbers());
  if (ids.length !== cleanIds.length)
    throw new ShapeError(`prompts of ${cleanIds.length} and ${ids.length} tokens; expected as many`);
  const blocks = sites.map(kind => blockSites(model, kind));
  const read = blocks.flat();
  const [from, into] = await Promise.all(
    [cleanOnce, corruptOnce].map(async inputs => (await model.run(inputs, { read, outputs: [] })).sites),
  );
  const [cleanScore] = await scoresOf(model, cleanOnce, objective);
  const [corruptScore] = await scoresOf(model, corruptOnce, objective);
  if (cleanScore === corruptScore)
    throw new NeuronbookError(
      `both prompts score ${cleanScore} by ${objective}; expected prompts between which it differs`,
    );
  const { head } = axesOf(sites[0]);
  const heads = sites.length === 1 && head !== undefined ? into[read[0]].dims[head] : 1;
  const parts =
    heads > 1 ? Array.from({ length: heads }, (_, h) => `head ${h}`) : sites.length > 1 ? sites : [''];
  const [layers, positions] = [Math.max(...blocks.map(list => list.length)), ids.length];
  const effects = new Float32Array(layers * positions * parts.length).fill(NaN);
  const bar = live ? progress(read.length, 'patching') : undefined;
  try {
    for (const [kindIndex, list] of blocks.entries())
      for (const [layer, site] of list.entries()) {
        if (host().interrupted) break;
        const axes = axesOf(sites[kindIndex]);
        const places = Array.from({ length: positions * heads }, (_, i) => ({
          position: Math.floor(i / heads),
          part: heads > 1 ? i % heads : kindIndex,
        }));
        if (into[site].dims[axes.position] !== positions)
          throw new ShapeError(
            `${site} is ${formatDims(into[site].dims)}; expected ${positions} positions along axis ${axes.position}`,
          );
        for (let at = 0; at < places.length; at += ROWS) {
          const some = places.slice(at, at + ROWS);
          const rows = some.map(({ position, part }) =>
            mixed(into[site], from[site], [
              { axis: axes.position, index: position },
              ...(heads > 1 ? [{ axis: axes.head!, index: part }] : []),
            ]),
          );
          const edited = model.edit(patch(site, stack(rows)));
          const scores = await scoresOf(edited, repeated(corrupt, rows.length), objective);
          some.forEach(({ position, part }, i) => {
            // effect = (score(patched) − score(corrupt)) ⁄ (score(clean) − score(corrupt))
            effects[(layer * positions + position) * parts.length + part] =
              (scores[i] - corruptScore) / (cleanScore - corruptScore);
          });
        }
        bar?.step();
      }
  } finally {
    bar?.end();
  }
  const told = (list: readonly number[]) => list.map(id => words?.[id] ?? String(id));
  return new Patching(
    tensor(effects, [layers, positions, parts.length]),
    parts,
    { clean: cleanScore, corrupt: corruptScore },
    told(cleanIds),
    told(ids),
    `Patching ${sites.join(', ')} by ${objective}`,
  );
}
