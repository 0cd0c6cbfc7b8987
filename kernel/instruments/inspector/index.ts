/**
 * Answers the inspector's panel: which models the notebook's variables hold, and what one of their sites does. The
 * host says which variables there are; what a variable is called the panel then writes into cells.
 */
import { host } from '../../base/host.ts';
import type { MimeBundle } from '../../base/host.ts';
import { NameError, NeuronbookError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { isTensor, type Tensor } from '../../base/tensor.ts';
import { bundleOf } from '../../display/bundle.ts';
import {
  INSPECTOR,
  recipes,
  type InspectedModel,
  type InspectorReply,
  type InspectorRequest,
} from '../../display/inspection.ts';
import { answerTo } from '../../display/live.ts';
import { histogram } from '../../display/plot.ts';
import { isRecord } from '../../display/payload.ts';
import { matrix } from '../../display/views/matrix.ts';
import type { Model } from '../../model/model.ts';
import type { Dim } from '../../onnx/graph.ts';

/** What the front door lends, since instruments know nothing of one another. */
export interface Lent {
  /** A picture that excites a channel. */
  feature(model: Model, site: string, options: { channel: number }): Promise<unknown>;
}

/** From now on the inspector is answered; nothing where there is no front end. */
export const serveInspector = (lent: Lent): void =>
  answerTo(INSPECTOR, data => answer(data as unknown as InspectorRequest, lent), { stays: true });

async function answer(request: InspectorRequest, lent: Lent): Promise<InspectorReply> {
  const seq = Number(request.seq);
  try {
    if (request.ask === 'models') return { seq, models: models() };
    return { seq, ...(await shown(request, lent)) };
  } catch (error) {
    return { seq, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Models of any copy of the library. */
const isModel = (value: unknown): value is Model =>
  isRecord(value) && isRecord(value.graph) && isRecord(value.sites) && typeof value.run === 'function';

const variables = (): ReadonlyMap<string, unknown> => host().variables?.() ?? new Map<string, unknown>();

function models(): InspectedModel[] {
  const all = [...variables()];
  const tensors = all.filter((entry): entry is [string, Tensor] => isTensor(entry[1]));
  return all
    .filter((entry): entry is [string, Model] => isModel(entry[1]))
    .map(([name, model]) => ({
      name,
      title: `${model.name}, ${model.sites.length} sites${model.edits.length ? ', edited' : ''}`,
      sites: [...model.sites].map(({ name, op, shape, parameters, dtype }) => ({
        name,
        op,
        shape: shape ? `${dtype} ${shape.join('×') || 'scalar'}` : '?',
        parameters,
      })),
      inputs: model.graph.inputs.map(({ name, dtype, dims }) => ({
        name,
        shape: `${dtype} ${dims?.join('×') ?? '?'}`,
        fits: tensors.filter(([, tensor]) => fits(tensor, dtype, dims)).map(([variable]) => variable),
      })),
      pictures: model.graph.inputs.length === 1 && model.graph.inputs[0].dims?.length === 4,
    }));
}

const fits = (tensor: Tensor, dtype: string, dims?: readonly Dim[]): boolean =>
  tensor.dtype === dtype &&
  (!dims ||
    (dims.length === tensor.dims.length &&
      dims.every((dim, axis) => typeof dim === 'string' || dim === tensor.dims[axis])));

type Show = Extract<InspectorRequest, { ask: 'show' }>;

async function shown(request: Show, lent: Lent): Promise<{ bundle: MimeBundle; words: string }> {
  const { what, site, inputs, channel } = request;
  if (!recipes.includes(what))
    throw new NeuronbookError(`nothing is called ${JSON.stringify(what)}; expected ${recipes.join(', ')}`);
  const model = variable(request.model, isModel, 'model');
  if (what === 'feature') {
    const picture = await lent.feature(model, site, { channel: Number(channel) });
    return { bundle: await bundleOf(picture, { passing: true }), words: '' };
  }
  const feeds = Object.fromEntries(
    Object.entries(inputs ?? {}).map(([input, name]) => [input, variable(name, isTensor, 'tensor')]),
  );
  const { sites } = await model.run(feeds, { read: [site], outputs: [] });
  const [values] = Object.values(sites);
  if (what === 'activations')
    return {
      bundle: await bundleOf(looked(site, values, model.graph.inputs[0]?.dims?.length === 4), {
        passing: true,
      }),
      words: '',
    };
  const chart = histogram(values, { title: site, x: 'activation' });
  return { bundle: await bundleOf(chart, { passing: true }), words: spread(values) };
}

function variable<T>(name: unknown, is: (value: unknown) => value is T, what: string): T {
  const all = variables();
  const value = all.get(String(name));
  if (is(value)) return value;
  const names = [...all].filter(([, other]) => is(other)).map(([known]) => known);
  throw new NameError(what, String(name), nearest(String(name), names), 'run the cell that makes it again');
}

/** As much of an activation as a view carries: its first examples. */
const most = 2 ** 20;

/** What the dims of an activation are, where their number tells. */
const axesOf: Record<number, string[]> = {
  2: ['example', 'feature'],
  3: ['example', 'position', 'feature'],
};
const axesOfPictures: Record<number, string[]> = { ...axesOf, 4: ['example', 'channel', 'row', 'column'] };

function looked(title: string, values: Tensor, pictures: boolean) {
  const axes = (pictures ? axesOfPictures : axesOf)[values.dims.length];
  let part = values;
  while (part.size > most && part.dims.length > 2) part = part.at(0);
  return matrix(part, { title, unit: 'activation', axes: axes?.slice(-part.dims.length) });
}

/** Mean, deviation and zeros in a line, of the values that are finite. */
function spread(values: Tensor): string {
  const finite = Float64Array.from(values.toFloat32OrWider()).filter(value => Number.isFinite(value));
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length;
  const zeros = finite.filter(value => value === 0).length / finite.length;
  return [
    `mean ${+mean.toPrecision(3)}`,
    `deviation ${+Math.sqrt(variance).toPrecision(3)}`,
    `${(100 * zeros).toFixed(1)} % zeros`,
    `${values.size - finite.length ? `${values.size - finite.length} not finite, ` : ''}${values.size} values`,
  ].join(', ');
}
