/** Which rule holds where: by op, by site, by position. */
import { NameError, NeuronbookError } from '../../../base/errors.ts';
import { alphaBeta, box, epsilon, flat, gamma, zplus, type Rule } from './rules.ts';

/** What is known of a layer with weights when its rule is chosen. */
export interface LayerPlace {
  readonly op: string;
  readonly site: string;
  /** Its number among the layers with weights, from the input, of `count`. */
  readonly index: number;
  readonly count: number;
}

/** An op type, a site, a pattern of sites, a position, or a function that tells. */
export type Where = string | RegExp | ((layer: LayerPlace) => boolean);

/** A rule for each layer. */
export interface Composite {
  readonly text: string;
  /** @returns undefined where none holds */
  ruleOf(layer: LayerPlace): Rule | undefined;
  /** Names that it uses, so that one which the network does not have can be told. */
  readonly names: readonly string[];
}

export type Rules = Rule | Composite;

/**
 * A rule for each layer with weights: the first choice that fits holds. A choice is `[where, rule]`; a rule by itself
 * holds everywhere, so it comes last.
 * @param choices where: `'first'`, `'last'`, `'conv'` (Conv, ConvTranspose), `'dense'` (Gemm, MatMul), an op type, a
 *   site, a RegExp over sites, or a function of `{ op, site, index, count }`
 * @throws NeuronbookError where nothing is chosen
 * @example
 * const rules = attribution.composite(
 *   ['first', attribution.box(-1, 1)],
 *   ['conv', attribution.gamma(0.25)],
 *   attribution.epsilon(),
 * )
 * await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules })
 */
export function composite(...choices: readonly (readonly [Where, Rule] | Rule)[]): Composite {
  if (!choices.length) throw new NeuronbookError('a composite without rules; give at least one');
  const list = choices.map(choice => ('relevance' in choice ? (['everywhere', choice] as const) : choice));
  return {
    text: list.map(([where, rule]) => `${textOf(where)}: ${rule.text}`).join(', '),
    ruleOf: layer => list.find(([where]) => fits(where, layer))?.[1],
    names: list.flatMap(([where]) => (typeof where === 'string' && !(where in positions) ? [where] : [])),
  };
}

const positions: Record<string, (layer: LayerPlace) => boolean> = {
  everywhere: () => true,
  first: ({ index }) => index === 0,
  last: ({ index, count }) => index === count - 1,
  conv: ({ op }) => op === 'Conv' || op === 'ConvTranspose',
  dense: ({ op }) => op === 'Gemm' || op === 'MatMul' || op === 'FusedMatMul',
};

const textOf = (where: Where): string => (typeof where === 'function' ? where.name || 'some' : String(where));

function fits(where: Where, layer: LayerPlace): boolean {
  if (typeof where === 'function') return where(layer);
  if (typeof where === 'string')
    return positions[where]?.(layer) ?? (layer.op === where || layer.site === where);
  where.lastIndex = 0;
  return where.test(layer.site);
}

/** One rule as a composite. */
export const everywhere = (rules: Rules): Composite => ('ruleOf' in rules ? rules : composite(rules));

/** @throws NameError on a name that no layer has */
export function checkNames(
  { names }: Composite,
  layers: readonly LayerPlace[],
  nearest: (name: string) => string[],
): void {
  for (const name of names)
    if (!layers.some(({ op, site }) => op === name || site === name))
      throw new NameError('layer', name, nearest(name), 'rules hold for ops or sites of layers with weights');
}

/**
 * Convolutions by z⁺, the rest by ε (zennit's EpsilonPlus).
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilonPlus() })
 */
export const epsilonPlus = (by = 1e-6): Composite => composite(['conv', zplus()], epsilon(by));

/**
 * The same with a flat first layer (zennit's EpsilonPlusFlat).
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilonPlusFlat() })
 */
export const epsilonPlusFlat = (by = 1e-6): Composite =>
  composite(['first', flat()], ['conv', zplus()], epsilon(by));

/**
 * The first layer by its pixels' bounds, convolutions by γ, the rest by ε (zennit's EpsilonGammaBox).
 * @param low the least that a network input can be
 * @param high the most
 * @example
 * await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilonGammaBox(-1, 1) })
 */
export const epsilonGammaBox = (
  low: Parameters<typeof box>[0],
  high: Parameters<typeof box>[1],
  { epsilon: by = 1e-6, gamma: g = 0.25 } = {},
): Composite => composite(['first', box(low, high)], ['conv', gamma(g)], epsilon(by));

/**
 * Convolutions by α = 2, β = 1, a flat first layer, the rest by ε (zennit's EpsilonAlpha2Beta1Flat).
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilonAlphaBetaFlat() })
 */
export const epsilonAlphaBetaFlat = (by = 1e-6): Composite =>
  composite(['first', flat()], ['conv', alphaBeta(2)], epsilon(by));
