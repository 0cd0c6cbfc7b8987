/** From logits to the next token: the likeliest, or one drawn from what temperature, top-k and top-p leave. */
import { NeuronbookError } from '../../base/errors.ts';
import { rng } from '../../base/rng.ts';

export interface SampleOptions {
  /** 0 takes the likeliest token; higher is more even. Default 0, and 1 where `topK` or `topP` is given. */
  temperature?: number;
  /** Draw among the k likeliest alone. */
  topK?: number;
  /** Draw among the fewest tokens whose probability together is at least p (nucleus sampling). */
  topP?: number;
  /** Seed of the draws. */
  seed?: number | string;
}

/**
 * A function that takes the logits of one position and gives a token. Of equal logits the lower token goes first.
 * @throws NeuronbookError on settings out of range; later, on logits that are not numbers
 * @see https://arxiv.org/abs/1904.09751 nucleus sampling
 */
export function sampler(options: SampleOptions = {}): (logits: Float32Array) => number {
  const { topK, topP, seed = 0 } = options;
  const { temperature = topK === undefined && topP === undefined ? 0 : 1 } = options;
  check('temperature', temperature, temperature >= 0, '0 or more');
  if (topK !== undefined)
    check('topK', topK, Number.isInteger(topK) && topK >= 1, 'a whole number from 1 on');
  if (topP !== undefined) check('topP', topP, topP > 0 && topP <= 1, 'above 0, at most 1');
  if (temperature === 0) return likeliest;
  const random = rng(seed);
  return logits => {
    const top = logits[likeliest(logits)];
    // p ∝ e^((l − max l) / T)
    const weights = Float64Array.from(logits, logit => Math.exp((logit - top) / temperature));
    const order = Uint32Array.from(weights, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
    let kept = Math.min(topK ?? order.length, order.length);
    if (topP !== undefined) kept = Math.min(kept, nucleus(weights, order.subarray(0, kept), topP));
    const chosen = order.subarray(0, kept);
    let rest = random.uniform() * sum(weights, chosen);
    return chosen.find(id => (rest -= weights[id]) < 0) ?? chosen[0];
  };
}

/** argmax */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i]))
      throw new NeuronbookError(`the logit of token ${i} is not a number; look at the sites before it`);
    if (logits[i] > logits[best]) best = i;
  }
  return best;
}

/** How many of the likeliest reach probability p together. */
function nucleus(weights: Float64Array, order: Uint32Array, p: number): number {
  let missing = p * sum(weights, order);
  const last = order.findIndex(id => (missing -= weights[id]) <= 0);
  return last < 0 ? order.length : last + 1;
}

const sum = (weights: Float64Array, ids: Uint32Array): number =>
  ids.reduce((total, id) => total + weights[id], 0);

function check(name: string, value: number, right: boolean, expected: string): void {
  if (!right) throw new NeuronbookError(`${name} is ${value}; expected ${expected}`);
}
