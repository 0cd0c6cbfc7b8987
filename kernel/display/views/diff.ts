/** Two views of one kind side by side, and where their numbers match, the difference as a third. */
import { ShapeError } from '../../base/errors.ts';
import type { MimeBundle } from '../../base/host.ts';
import { Tensor } from '../../base/tensor.ts';
import { fromBase64 } from '../../base/base64.ts';
import { displaySymbol, type Displayable } from '../bundle.ts';
import type { Circuit } from '../drawings/circuit.ts';
import { escapeHtml } from '../html.ts';
import { unpack, type Packed } from '../packed.ts';
import { envelopeProblem, isRecord, isText, isTexts, NEURONBOOK_MIME } from '../payload.ts';
import type { AnyViewPayload, Problem, ViewOptions, ViewPayload } from '../payload.ts';
import { stacked } from '../stack.ts';
import { element, picture } from '../svg.ts';
import { ViewValue } from '../view-value.ts';
import { circuit } from './circuit.ts';
import { matrix } from './matrix.ts';
import { patching, type PatchingPayload } from './patching.ts';
import { tokens, type TokensPayload } from './tokens.ts';

export type DiffPayload = ViewPayload<
  'diff',
  {
    title: string;
    /** What the two are called. */
    names: string[];
    /** Payloads of the two, and of their difference (second − first) where there is one. */
    views: AnyViewPayload[];
    /** Why there is no difference; empty where there is one. */
    note: string;
  },
  ViewOptions
>;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.note))
    return 'data.title or data.note is not text';
  if (!isTexts(data.names) || data.names.length !== 2) return 'data.names is not two texts';
  const { views } = data;
  if (!Array.isArray(views) || views.length < 2 || views.length > 3)
    return 'data.views is not two or three payloads';
  for (const [i, view] of views.entries()) {
    const wrong = envelopeProblem(view);
    if (wrong) return `data.views[${i}]: ${wrong}`;
    // a view within a view within a view would hang whoever draws it
    const { view: kind } = view as AnyViewPayload;
    if (kind === 'diff' || kind === 'interactive')
      return `data.views[${i}] is a ${kind}, which is not compared`;
  }
  return undefined;
};

export interface DiffOptions {
  title?: string;
  /** What the two are called. */
  names?: readonly [string, string];
}

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** second − first, of what was packed. */
function minus(first: Packed, second: Packed): Tensor {
  const before = unpack(first);
  const values = unpack(second).map((value, i) => value - before[i]);
  return new Tensor('float32', second.dims, values);
}

type Difference = Displayable | string;

const title = 'difference';

/** By view: the difference of two payloads as a view of its own, or why there is none. */
const differences: Record<string, (a: never, b: never) => Difference> = {
  matrix: (a: { values: Packed; axes: string[] }, b: { values: Packed; axes: string[] }) =>
    same(a.values.dims, b.values.dims)
      ? matrix(minus(a.values, b.values), { title, unit: 'difference', axes: b.axes })
      : `${a.values.dims.join('×')} and ${b.values.dims.join('×')}`,
  attention: (a: { pattern: Packed }, b: { pattern: Packed }) =>
    same(a.pattern.dims, b.pattern.dims)
      ? matrix(minus(a.pattern, b.pattern), { title, unit: 'difference', axes: ['head', 'query', 'key'] })
      : `${a.pattern.dims.join('×')} and ${b.pattern.dims.join('×')}`,
  'activation-map': (a: { maps: Packed }, b: { maps: Packed }) =>
    same(a.maps.dims, b.maps.dims)
      ? matrix(minus(a.maps, b.maps), { title, unit: 'difference', axes: ['channel', 'row', 'column'] })
      : `${a.maps.dims.join('×')} and ${b.maps.dims.join('×')}`,
  patching: (a: PatchingPayload['data'], b: PatchingPayload['data']) =>
    same(a.values.dims, b.values.dims)
      ? patching(minus(a.values, b.values), b.positions, {
          title,
          unit: 'difference',
          layers: b.layers,
          parts: b.parts,
        })
      : `${a.values.dims.join('×')} and ${b.values.dims.join('×')}`,
  tokens: (a: TokensPayload['data'], b: TokensPayload['data']) =>
    a.texts.length === b.texts.length && a.texts.every((text, i) => same(text.tokens, b.texts[i].tokens))
      ? tokens(
          b.texts.map(text => text.tokens),
          b.texts.map(({ values }, i) =>
            values.map((value, t) => (value ?? NaN) - (a.texts[i].values[t] ?? NaN)),
          ),
          { title, unit: 'difference', labels: b.texts.map(text => text.label) },
        )
      : 'other tokens',
  circuit: (a: Circuit, b: Circuit) => differenceOfCircuits(a, b),
};

/** Nodes of both by their ids; an edge that only one has counts as 0 in the other. */
function differenceOfCircuits(a: Circuit, b: Circuit): Difference {
  if (!same(a.layers, b.layers) || !same(a.positions, b.positions)) return 'other layers or positions';
  const nodes = new Map(
    [...a.nodes, ...b.nodes].map(({ value, ...node }) => [node.id, { ...node, value: value ?? undefined }]),
  );
  const edges = new Map<string, { from: string; to: string; weight: number }>();
  for (const [one, sign] of [
    [a, -1],
    [b, 1],
  ] as const)
    for (const { from, to, weight } of one.edges) {
      const ends = { from: one.nodes[from].id, to: one.nodes[to].id };
      const key = JSON.stringify(ends);
      edges.set(key, { ...ends, weight: (edges.get(key)?.weight ?? 0) + sign * weight });
    }
  const { layers, positions, unit } = b;
  const form = { nodes: [...nodes.values()], edges: [...edges.values()], layers, positions };
  return circuit(form, { title, unit: `difference of ${unit}` });
}

interface Seen {
  payload: AnyViewPayload;
  bundle: MimeBundle;
}

function seen(value: Displayable, which: string): Seen {
  const bundle = value[displaySymbol]();
  const payload = bundle instanceof Promise ? undefined : bundle[NEURONBOOK_MIME];
  if (bundle instanceof Promise || envelopeProblem(payload))
    throw new ShapeError(`the ${which} of the two is no view; expected what view.matrix and its like return`);
  return { payload: payload as AnyViewPayload, bundle };
}

/** The picture of a bundle as SVG: a PNG within one. */
function drawing({ bundle, payload }: Seen): string {
  const { 'image/svg+xml': svg, 'image/png': png } = bundle;
  if (isText(svg)) return svg;
  if (!isText(png)) return '';
  const header = new DataView(fromBase64(png.slice(0, 40)).slice().buffer);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  const image = element('image', { href: `data:image/png;base64,${png}`, width, height });
  return picture({ width, height, alt: payload.view }, [image]);
}

/**
 * Two views of one kind side by side, and their difference (second − first) where their numbers match: of tensors,
 * attention, activation maps, patching, tokens and circuits.
 * @throws ShapeError where a value is no view, or the two are of different kinds
 * @example
 * const wide = tensor([1, 2, 3, 4], [2, 2])
 * view.diff(view.matrix(wide), view.matrix(tensor([1, 2, 3, 9], [2, 2])), { names: ['before', 'after'] })
 */
export function diff(
  first: Displayable,
  second: Displayable,
  { title = '', names = ['first', 'second'] }: DiffOptions = {},
): ViewValue<'diff', DiffPayload['data']> {
  const both = [seen(first, 'first'), seen(second, 'second')];
  const [a, b] = both.map(({ payload }) => payload);
  if (a.view !== b.view) throw new ShapeError(`views of ${a.view} and ${b.view}; expected two of one kind`);
  const made = Object.hasOwn(differences, a.view)
    ? differences[a.view](a.data as never, b.data as never)
    : `views of ${a.view} are only set side by side`;
  const all = typeof made === 'string' ? both : [...both, seen(made, 'difference')];
  const data: DiffPayload['data'] = {
    title,
    names: [...names],
    views: all.map(({ payload }) => payload),
    note: typeof made === 'string' ? made : '',
  };
  const wrong = problem(data);
  if (wrong) throw new ShapeError(wrong.replaceAll('data.', ''));
  const heads = [...names, 'difference'];
  const words = () =>
    [
      title || 'two views',
      ...all.map(({ bundle }, i) => `${heads[i]}: ${String(bundle['text/plain'])}`),
    ].join('\n');
  const forms = {
    svg: () => stacked(all.map(drawing).filter(Boolean), title || 'two views', true),
    html: () =>
      all
        .map(
          ({ bundle }, i) =>
            `<section><h4>${escapeHtml(heads[i])}</h4>${String(bundle['text/html'] ?? '')}</section>`,
        )
        .join('\n'),
    words,
  };
  return new ViewValue('diff', data, forms);
}
