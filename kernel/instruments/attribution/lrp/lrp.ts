/**
 * Layer-wise relevance propagation: the score is handed back from layer to layer, each unit sharing what it got among
 * the units that fed it. It is the walk that takes gradients, with other rules: so it works on any network that can be
 * differentiated, as the graph that the file holds, and the result is one more graph.
 */
import { NeuronbookError } from '../../../base/errors.ts';
import { nearest } from '../../../base/nearest.ts';
import { formatDims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { Table } from '../../../display/table.ts';
import { add, reduceSum, reshape } from '../../../engine/functions.ts';
import { vjp } from '../../../engine/grad.ts';
import { overridingEach, type Override, type Place, type Vjp } from '../../../engine/override.ts';
import type { Var } from '../../../engine/var.ts';
import { resolved } from '../../../model/derivative.ts';
import type { Inputs } from '../../../model/feeds.ts';
import type { Model, Traced } from '../../../model/model.ts';
import type { Objective } from '../../../model/objective.ts';
import { factsOf } from '../facts.ts';
import { Attribution } from '../result.ts';
import { Subject, type Asked, type Build } from '../subject.ts';
import { checkNames, everywhere, type LayerPlace, type Rules } from './composite.ts';
import { keptBy, weightedLayers } from './layers.ts';
import { propagationOf, type Manner, type Setting } from './propagate.ts';
import { epsilon } from './rules.ts';
import { Tape, type Cut } from './tape.ts';

export interface LrpOptions extends Asked, Partial<Manner> {
  /** One rule for all layers with weights, or a composite; ε where left out. */
  rules?: Rules;
  /** Other sites whose relevance is wanted, in `result.sites`. */
  read?: readonly string[];
  /** Rules for nodes that have none, or another one: `dy` is the relevance that arrives. */
  override?: readonly Override[];
  /** Show the progress over examples. */
  live?: boolean;
}

/**
 * The relevance of each number at a site for an objective, by layer-wise relevance propagation.
 *
 * Residual sums are split by contribution, BatchNormalization is folded into the layer in front of it, normalizations
 * count as linear with their statistics constants, softmax and products in attention follow AttnLRP
 * (docs/attribution.md has the whole table).
 * @param options `rules`: which rule holds for which layer; `read`: other sites whose relevance is wanted
 * @returns an `Attribution` that starts from the score itself; its `conservation` tells for each example where the
 *   relevance is, layer by layer, and what biases have taken
 * @throws OpError where relevance meets an op that has no rule; NameError on a site, or a rule's layer, that does not
 *   exist
 * @see https://doi.org/10.1371/journal.pone.0130140 (Bach et al. 2015); attention: https://arxiv.org/abs/2402.05602
 *   (Achtibat et al. 2024)
 * @example
 * const blame = await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilonPlus() })
 * display(blame.conservation![0])
 */
export async function lrp(model: Model, inputs: Inputs, options: LrpOptions): Promise<Attribution> {
  const subject = await Subject.of(model, inputs, options);
  const rules = everywhere(options.rules ?? epsilon());
  const read = (options.read ?? []).map(name => model.sites.get(name).name);
  const cutsOf = new Map<Objective, readonly Cut[]>();
  const answers: Record<string, Tensor>[] = [];
  for (const row of subject.own) {
    const objective = subject.objectives[row.example];
    const build: Build = (traced, value, scores) => {
      const { results, cuts } = propagated(model, traced, value, scores, { ...options, rules, read });
      cutsOf.set(objective, cuts);
      return results;
    };
    answers.push(await subject.all([row], '', build, { batch: 1, live: false }));
  }
  const scores = answers.map(({ score }) => Number(score.data[0]));
  const stacked = (name: string) => stack(answers.map(answer => answer[name]));
  const facts = factsOf(subject, `LRP, ${rules.text}`, scores);
  return new Attribution(stacked('relevance'), {
    ...facts,
    sites: Object.fromEntries(read.map((name, i) => [name, stacked(`site ${i}`)])),
    conservation: answers.map((answer, i) =>
      conservation(answer, cutsOf.get(subject.objectives[i])!, scores[i], subject),
    ),
  });
}

/** Relevance at the start, at the sites that are read, and in sum at every cut, with what was kept behind it. */
function propagated(
  model: Model,
  traced: Traced,
  value: Var,
  scores: Var,
  options: LrpOptions & { rules: ReturnType<typeof everywhere>; read: readonly string[] },
): { results: Record<string, Var>; cuts: readonly Cut[] } {
  const { trace } = traced;
  const { rules, read, sums = 'split', attention = 'attnlrp', override: given = [] } = options;
  const siteOf = (name: string): string => model.sites.owner(name) ?? name;
  const tape = new Tape(trace, value, scores);
  const layers = weightedLayers(tape, trace);
  const places = layers.map(({ step }, index): LayerPlace => {
    return { op: step.node.op, site: siteOf(step.outputs[0].name), index, count: layers.length };
  });
  const known = places.flatMap(({ op, site }) => [op, site]);
  checkNames(rules, places, name => nearest(name, new Set(known)));

  // what does not flow on, by the step that keeps it
  const kept: { index: number; amount: Var }[] = [];
  const first = layers.length ? tape.numberOf(layers[0].step.outputs[0]) : -1;
  const settingAt = (outputs: readonly Var[]): Setting => {
    const index = tape.numberOf(outputs[0]);
    const lose = (amount: Var) => void kept.push({ index, amount: reshape(amount, [1]) });
    return {
      tape,
      trace,
      sums,
      attention,
      isInFront: () => index < first,
      absorb: (bias, g) => lose(keptBy(bias, g)),
      lose,
    };
  };
  const passing: Vjp = ({ dy, inputs }) => inputs.map(input => (tape.varies(input) ? dy : undefined));
  const ofLayer = new Map<Var, Vjp>();
  for (const [i, { step, input, merged, layer }] of layers.entries()) {
    const rule = rules.ruleOf(places[i]);
    if (!rule)
      throw new NeuronbookError(
        `no rule for ${places[i].op} at ${places[i].site}; end the composite with a rule that holds everywhere: epsilon()`,
      );
    const { absorb } = settingAt(step.outputs);
    ofLayer.set(step.outputs[0], ({ dy }) => {
      const made = rule.relevance(
        layer((bias, g) => bias && absorb(bias, g)),
        dy,
      );
      return input === 0 ? [made] : [undefined, made];
    });
    for (const { outputs } of merged) ofLayer.set(outputs[0], passing);
  }
  const own = resolved(given, traced, model.sites);
  const expanded = new Set<Place>(trace.expansions);
  const choose = (place: Place): Vjp | undefined => {
    const asked = own.findLast(({ target }) =>
      [place.op, place.site, ...place.outputs.map(({ name }) => name)].includes(target),
    );
    const isExpanded = expanded.has(place);
    return (
      asked?.vjp ??
      (isExpanded ? undefined : ofLayer.get(place.outputs[0])) ??
      propagationOf(place, isExpanded, settingAt(place.outputs))
    );
  };
  const cuts = tape.cuts.map(cut => ({ ...cut, site: siteOf(cut.site) }));
  const wanted = [value, ...read.map(name => traced.value(name)), ...cuts.map(cut => cut.value)];
  const made = overridingEach(trace, choose, () => vjp(trace, [scores], wanted, [scores]));
  const results: Record<string, Var> = { relevance: made[0] };
  read.forEach((_, i) => (results[`site ${i}`] = asRow(made[1 + i])));
  cuts.forEach(({ index }, i) => {
    results[`cut ${i}`] = reshape(reduceSum(made[1 + read.length + i]), [1]);
    const behind = kept.filter(each => each.index > index).map(({ amount }) => amount);
    if (behind.length) results[`kept ${i}`] = behind.reduce((a, b) => add(a, b));
  });
  return { results, cuts };
}

const asRow = (value: Var): Var => (value.dims[0] === 1 ? value : reshape(value, [1, ...value.dims]));

/** One row for each cut that is a site, from the score to the start. */
function conservation(
  answer: Readonly<Record<string, Tensor>>,
  cuts: readonly Cut[],
  score: number,
  { model, site: start }: Subject,
): Table {
  const numberOf = (name: string) => Number(answer[name]?.data[0] ?? 0);
  const rows = cuts.flatMap(({ op, site, index }, i) => {
    if (index >= 0 && !model.sites.has(site)) return [];
    const [relevance, kept] = [numberOf(`cut ${i}`), numberOf(`kept ${i}`)];
    const total = relevance + kept;
    return [{ layer: index < 0 ? start.name : site, op, relevance, kept, total, share: total / score }];
  });
  return new Table(
    rows.reverse(),
    `relevance at each layer that everything passes, and what biases behind it kept; the score is ${+score.toPrecision(6)}`,
  );
}

function stack(parts: readonly Tensor[]): Tensor {
  const [{ dims, size }] = parts;
  const odd = parts.find(part => formatDims(part.dims) !== formatDims(dims));
  if (odd)
    throw new NeuronbookError(
      `examples of ${formatDims(odd.dims)} and ${formatDims(dims)}; expected one size`,
    );
  const data = new Float32Array(size * parts.length);
  parts.forEach((part, i) => data.set(part.data as Float32Array, i * size));
  return tensor(data, [parts.length, ...dims.slice(1)]);
}
