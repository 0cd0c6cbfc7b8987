/**
 * A language model token by token: logits behind the last token, with the keys and values of earlier ones kept where
 * the network has a form for that, and computed again where it has not.
 */
import { NeuronbookError } from '../../base/errors.ts';
import { allocate } from '../../base/dtype.ts';
import { sizeOf } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import { ARCHITECTURE_KEY, cachedForm } from '../../nn/architectures/index.ts';
import type { Graph, ValueInfo } from '../../onnx/graph.ts';
import { isObject, metadataOf } from '../../onnx/metadata.ts';
import type { Model } from '../model.ts';

export interface Steps {
  /** Most tokens that a text may have; Infinity where the network does not say. */
  readonly context: number;
  /** Takes more tokens; gives the logits behind the last of them. */
  next(tokens: readonly number[]): Promise<Float32Array>;
}

/** Inputs that hold what earlier tokens left: `past.0.key`, or `past_key_values.0.key` in exported networks. */
const pastName = /^past(?:_key_values)?\.(.+)$/;

const forms = new WeakMap<Graph, Graph>();

/** The form of the network that keeps keys and values; the network itself where there is none. */
function decodingForm(graph: Graph): Graph {
  const known = forms.get(graph);
  if (known) return known;
  const form = cachedForm(graph) ?? graph;
  forms.set(graph, form);
  return form;
}

/**
 * @param cache false computes all tokens again at each step, as a check or for a measurement
 * @throws NeuronbookError where the network is not one that reads tokens and gives logits
 */
export function stepsOf(model: Model, cache = true): Steps {
  const graph = cache ? decodingForm(model.graph) : model.graph;
  const tokens = tokenInput(graph);
  const logits = logitsOutput(graph);
  const positions = tokens.dims?.[1];
  const { config } = metadataOf(graph, ARCHITECTURE_KEY, isObject) ?? {};
  const said = isObject(config) && typeof config.context === 'number' ? config.context : Infinity;
  const context = Math.min(said, typeof positions === 'number' ? positions : Infinity);
  const run = async (feeds: Record<string, Tensor>) =>
    (await model.program(`tokens ${cache}`, () => graph)).run(feeds);
  const pasts = graph.inputs.filter(({ name }) => pastName.test(name));

  /** Every input but the past, for `ids` behind `before` earlier tokens. */
  const feedsFor = (ids: readonly number[], before: number): Record<string, Tensor> =>
    Object.fromEntries(
      graph.inputs
        .filter(({ name }) => !pastName.test(name))
        .map(info => [info.name, fill(info, info.name === tokens.name, ids, before)]),
    );

  let all: number[] = [];
  if (!pasts.length)
    return {
      context,
      async next(more) {
        all = [...all, ...more];
        // behind a causal network's last token, padding changes nothing
        const padding = typeof positions === 'number' ? Math.max(0, positions - all.length) : 0;
        const found = await run(feedsFor([...all, ...Array<number>(padding).fill(0)], 0));
        return lastRow(found[logits], all.length - 1);
      },
    };

  let past = Object.fromEntries(pasts.map(info => [info.name, empty(info)]));
  let before = 0;
  return {
    context,
    async next(more) {
      const found = await run({ ...feedsFor(more, before), ...past });
      past = Object.fromEntries(pasts.map(({ name }) => [name, found[`present.${pastName.exec(name)![1]}`]]));
      before += more.length;
      return lastRow(found[logits], more.length - 1);
    },
  };
}

function tokenInput({ name, inputs }: Graph): ValueInfo {
  const integers = inputs.filter(({ dtype, dims }) => dtype.startsWith('int') && (dims?.length ?? 2) === 2);
  const named = integers.find(input => /^(tokens|input_ids|ids)$/.test(input.name));
  const found = named ?? (integers.length === 1 ? integers[0] : undefined);
  if (found) return found;
  throw new NeuronbookError(
    `${name} reads no tokens: its inputs are ${inputs.map(input => input.name).join(', ')}; ` +
      'expected one of integers, batch × position',
  );
}

function logitsOutput({ name, outputs }: Graph): string {
  const named = outputs.find(output => output.name === 'logits');
  const others = outputs.filter(output => !output.name.startsWith('present.'));
  const found = named ?? (others.length === 1 ? others[0] : undefined);
  if (found && (found.dims?.length ?? 3) === 3) return found.name;
  throw new NeuronbookError(
    `${name} gives no logits: its outputs are ${outputs.map(output => output.name).join(', ')}; ` +
      'expected logits, batch × position × vocabulary',
  );
}

/** Tokens, or what exported networks ask beside them: a mask of ones, positions that count on, types of zero. */
function fill({ name, dtype }: ValueInfo, isTokens: boolean, ids: readonly number[], before: number): Tensor {
  const values = isTokens
    ? ids
    : name === 'attention_mask'
      ? Array<number>(before + ids.length).fill(1)
      : name === 'position_ids'
        ? ids.map((_, i) => before + i)
        : name === 'token_type_ids'
          ? ids.map(() => 0)
          : undefined;
  if (!values)
    throw new NeuronbookError(
      `generate cannot fill input ${name}; run the model itself, with all its inputs`,
    );
  const data = Float64Array.from(values);
  return new Tensor('float64', [1, values.length], data).cast(dtype);
}

/** Keys or values of no token: 1 × heads × 0 × width. */
function empty({ name, dtype, dims }: ValueInfo): Tensor {
  const sizes = dims?.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? 1 : 0));
  if (!sizes || sizeOf(sizes) !== 0)
    throw new NeuronbookError(`input ${name} cannot be empty; expected batch × heads × past × width`);
  return new Tensor(dtype, sizes, allocate(dtype, 0));
}

/** The logits at one position of 1 × position × vocabulary. */
function lastRow(logits: Tensor, position: number): Float32Array {
  const row = logits.at(0).at(position);
  return Float32Array.from(row.toFloat32OrWider());
}
