/**
 * `figure.live`: from a network and what may be moved to a figure that needs neither kernel nor network.
 *
 *   edits with inputs ─▶ trace at the dims given ─▶ what the views show, the rest cut ─▶ fixed inputs folded
 *     ─▶ weights halved where nobody sees it ─▶ checked against the network ─▶ payload
 */
import { NameError, NeuronbookError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { toBase64 } from '../../base/base64.ts';
import { Tensor } from '../../base/tensor.ts';
import { pack } from '../../display/packed.ts';
import {
  drawingOf,
  feedsOf,
  problem,
  type LiveControl,
  type LiveDrawing,
  type LivePayload,
  type LiveValues,
} from '../../display/views/live.ts';
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import { inline } from '../../onnx/surgery.ts';
import { feedsOf as inputsOf, type Inputs } from '../../model/feeds.ts';
import { Model } from '../../model/model.ts';
import type { ControlPart } from './controls.ts';
import { LiveFigure, megabytes } from './result.ts';
import { bytesOf, folded, runs, tidied, withHalves } from './shrink.ts';
import { settingsOf } from './settings.ts';
import type { ViewPart } from './views.ts';

export interface LiveFigureOptions {
  title?: string;
  /** Greatest change that half precision may make, as a share of an output's largest value; 0 keeps all digits. */
  tolerance?: number;
  /** Bytes that the graph may have. */
  limit?: number;
}

/**
 * A figure that answers with no kernel: the notebook carries the part of the network that it needs, and the page computes
 * it again when a reader moves a control.
 * @param inputs the network's inputs, at the dims that the figure keeps; those that no control replaces stay as given
 * @param controls by name: `figure.steer`, `.ablate`, `.threshold`, `.slider`, `.pictures`, `.words`
 * @param views what is drawn of the network: `figure.bars`, `.lines`, `.heatmap`, `.picture`, `.tokens`
 * @throws NameError on an unknown input or site; NeuronbookError where the graph is larger than `limit`, or a control
 *   changes nothing that is shown
 * @example
 * await figure.live(
 *   model,
 *   { image },
 *   { channel: figure.ablate('conv3'), picture: figure.pictures('image', { zigzag: image, brighter }) },
 *   figure.bars(at => ops.softmax(at('logits')), { labels: textures.classes, range: [0, 1] }),
 * )
 */
export async function live(
  model: Model,
  inputs: Inputs,
  controls: Readonly<Record<string, ControlPart>>,
  views: ViewPart | readonly ViewPart[],
  { title = '', tolerance = 3e-5, limit = 4e6 }: LiveFigureOptions = {},
): Promise<LiveFigure> {
  const shown = Array.isArray(views) ? (views as readonly ViewPart[]) : [views as ViewPart];
  if (!shown.length)
    throw new NeuronbookError('a live figure without views; expected figure.bars(…) or another');
  const fixed = inputsOf(inputs, model.graph, model.sites);
  const parts = Object.entries(controls).map(
    ([name, part]) => [name, part, inputOf(name, part, model)] as const,
  );
  const edited = model.edit(...parts.flatMap(([, part, input]) => part.edit?.(input) ?? []));
  const dimsOf = (input: string) => fixed[model.sites.get(input).tensor].dims;
  const made = parts.map(([name, part, input]) => [name, part.control(input, dimsOf)] as const);
  const fields: Record<string, LiveControl> = Object.fromEntries(made);
  const drawings = shown.map((view, i) => view.drawing(`shown.${i}`));
  checkNames(drawings, fields);

  const graph = graphOf(edited, fixed, fields, shown, drawings);
  checkUsed(graph, fields);
  const replaced = new Set(parts.map(([, part, input]) => (part.replaces ? input : '')));
  const rest = Object.fromEntries(
    graph.inputs
      .filter(({ name }) => name in fixed && !replaced.has(name))
      .map(({ name }) => [name, fixed[name]]),
  );
  const small = await folded(tidied(inline(graph, rest)));
  await loosened(small, fields, drawings);
  const feeds = settingsOf(fields).map(values => tensorsOf(fields, values));
  const { graph: kept, error } = await withHalves(small, feeds, tolerance);
  const bytes = bytesOf(kept);
  if (bytes.length > limit) throw tooLarge(kept, bytes.length, limit);

  const [first] = await runs(kept, feeds.slice(0, 1));
  const payload: LivePayload = {
    version: 1,
    view: 'live',
    data: {
      title,
      graph: { bytes: toBase64(bytes), size: bytes.length, work: workOf(kept) },
      controls: fields,
      drawings,
      values: drawings.map(({ output }) => pack(first[output].toFloat32OrWider(), first[output].dims)),
    },
    options: {},
  };
  const wrong = problem(payload.data);
  if (wrong) throw new NeuronbookError(`the figure cannot travel: ${wrong}`);
  const figure = new LiveFigure(payload, { error, nodes: kept.nodes.length });
  // a view that does not suit its value fails here, not in a reader's page
  figure.drawn();
  return figure;
}

/** The graph's input that a control feeds: its own, or the network's that it takes the place of. */
function inputOf(name: string, { replaces }: ControlPart, model: Model): string {
  if (!replaces) return `live.${name}`;
  const inputs = [...model.sites].filter(({ kind }) => kind === 'input');
  const found = inputs.find(site => site.name === replaces || site.tensor === replaces);
  if (!found)
    throw new NameError(
      'input',
      replaces,
      nearest(
        replaces,
        inputs.map(site => site.name),
      ),
      `inputs: ${inputs.map(site => site.name).join(', ')}`,
    );
  return found.tensor;
}

/** What the views show, as outputs of one graph at the dims given. */
function graphOf(
  edited: Model,
  fixed: Readonly<Record<string, Tensor>>,
  fields: Readonly<Record<string, LiveControl>>,
  shown: readonly ViewPart[],
  drawings: readonly LiveDrawing[],
): Graph {
  const dims = Object.fromEntries(
    edited.graph.inputs.map(({ name }) => [name, fixed[name]?.dims ?? []] as const),
  );
  const traced = edited.trace(dims);
  const knobs = new Map<string, Var>();
  const control = (name: string): Var => {
    if (!Object.hasOwn(fields, name))
      throw new NameError(
        'control',
        name,
        nearest(name, Object.keys(fields)),
        Object.keys(fields).join(', '),
      );
    const field = fields[name];
    const input = field.kind === 'words' ? field.last! : field.input;
    const known = knobs.get(input) ?? traced.inputs[input];
    const made = known ?? traced.trace.input(input, field.kind === 'slider' ? 'float32' : 'int64', []);
    knobs.set(input, made);
    return made;
  };
  const outputs = shown.map(({ of }, i) => {
    const value = typeof of === 'string' ? traced.value(of) : of(site => traced.value(site), control);
    return [drawings[i].output, value] as const;
  });
  return traced.trace.graph(Object.fromEntries(outputs), edited.name);
}

function checkNames(drawings: readonly LiveDrawing[], fields: Readonly<Record<string, LiveControl>>): void {
  const texts = Object.keys(fields).filter(name => fields[name].kind === 'words');
  for (const drawing of drawings)
    for (const names of Object.values(drawing))
      if (typeof names === 'object' && names !== null && 'control' in names && !texts.includes(names.control))
        throw new NameError(
          'text control',
          names.control,
          nearest(names.control, texts),
          'figure.words makes one',
        );
}

/** A control that changes nothing would only disappoint. */
function checkUsed({ inputs }: Graph, fields: Readonly<Record<string, LiveControl>>): void {
  const used = new Set(inputs.map(({ name }) => name));
  for (const [name, field] of Object.entries(fields))
    if (!used.has(field.input) && !(field.kind === 'words' && used.has(field.last!)))
      throw new NeuronbookError(
        `the control ${name} changes nothing that is shown; expected its site before what the views read`,
      );
}

const tensorsOf = (
  fields: Readonly<Record<string, LiveControl>>,
  values: LiveValues,
): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feedsOf(fields, values)).map(([name, { dtype, dims, data }]) => [
      name,
      new Tensor(dtype, dims, data),
    ]),
  );

/**
 * A text may be shorter than the graph is long where what stands behind its end does not matter: tried with another
 * last word. Where it matters, texts keep their length.
 */
async function loosened(
  graph: Graph,
  fields: Record<string, LiveControl>,
  drawings: readonly LiveDrawing[],
): Promise<void> {
  const begun = settingsOf(fields)[0];
  for (const [name, field] of Object.entries(fields)) {
    if (field.kind !== 'words') continue;
    const given = field.value.split(/\s+/).filter(Boolean);
    const fits = given.length + field.before.length === field.length;
    if (field.length < 2 || field.words.length < 2) field.fixed = true;
    if (field.fixed || given.length < 1) continue;
    const shorter = { ...begun, [name]: given.slice(0, fits ? -1 : undefined).join(' ') };
    const feeds = [0, 1].map(word => {
      const tensors = tensorsOf(fields, shorter);
      const numbers = BigInt64Array.from(tensors[field.input].data as BigInt64Array);
      numbers[field.length - 1] = BigInt(word);
      return { ...tensors, [field.input]: new Tensor('int64', [1, field.length], numbers) };
    });
    const [a, b] = await runs(graph, feeds);
    const seen = (run: Readonly<Record<string, Tensor>>) =>
      drawings.map(drawing => {
        const value = run[drawing.output];
        return JSON.stringify(
          drawingOf(drawing, { dims: value.dims, data: rounded(value, a[drawing.output]) }, fields, shorter),
        );
      });
    field.fixed = seen(a).join() !== seen(b).join();
  }
}

/** Kept to four digits of the largest, so that the order of additions does not count. */
function rounded(value: Tensor, like: Tensor): Float32Array {
  const largest = Math.max(1e-30, ...like.toNumbers().filter(Number.isFinite).map(Math.abs));
  return Float32Array.from(value.toNumbers(), number => Math.round((number / largest) * 1e4));
}

function workOf(graph: Graph): number {
  const model = new Model('figure', graph);
  const dims = graph.inputs.map(({ name, dims }) => [name, (dims ?? []) as number[]] as const);
  return model.cost(Object.fromEntries(dims)).multiplyAdds;
}

function tooLarge(graph: Graph, size: number, limit: number): NeuronbookError {
  const [name, value] = [...graph.constants].sort(([, a], [, b]) => b.size - a.size)[0];
  return new NeuronbookError(
    `the figure's graph is ${megabytes(size)}; expected at most ${megabytes(limit)}: its largest weight, ${name}, has ${value.size} numbers; ` +
      'show an earlier site, keep the picture fixed so that what comes before the edit folds away, or raise `limit`',
  );
}
