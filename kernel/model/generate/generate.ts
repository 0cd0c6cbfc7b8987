/** Text from a language model, token by token, until it is long enough, a stop token comes, or the user interrupts. */
import { InterruptError, NeuronbookError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { progress } from '../../display/progress.ts';
import { isIntegers, metadataOf } from '../../onnx/metadata.ts';
import type { Model } from '../model.ts';
import { STOP_KEY, TextStream, TOKENIZER_KEY, type Tokenizer } from '../tokenizer.ts';
import { sampler, type SampleOptions } from './sample.ts';
import { stepsOf } from './steps.ts';

export interface GenerateOptions extends SampleOptions {
  /** Most new tokens. */
  tokens?: number;
  /** Tokens that end the text, by number or spelling; those that the model names where left out. */
  stop?: readonly (number | string)[];
  /** False computes earlier tokens again at each step, instead of keeping their keys and values. */
  cache?: boolean;
  /** The tokenizer, where the model carries none. */
  tokenizer?: Tokenizer;
  /** Called with each new token. */
  onToken?: (token: GeneratedToken) => void;
}

/** Numbers of tokens; int64 as a network takes them, or plain. */
export type TokenNumbers = readonly (number | bigint)[] | BigInt64Array;

export interface GeneratedToken {
  readonly id: number;
  /** The text that it adds; empty inside a character of several tokens, and where there is no tokenizer. */
  readonly text: string;
}

/**
 * Continues a text, or a list of token numbers. Greedy unless told otherwise; the same seed gives the same text.
 * Keys and values of earlier tokens are kept where the network has a form for that. A stop token is not part of the
 * result. Interrupt ends it with what there is.
 * @param prompt a text for a model that carries a tokenizer; else token numbers
 * @returns the prompt and what follows, in the form of the prompt
 * @throws NeuronbookError where the model is no language model, or the prompt is empty or longer than it can read
 * @example
 * const text = await generate(gpt, 'once upon', { tokens: 20 });
 * @example
 * const ids = await generate(gpt, [1, 2, 3], { tokens: 5, temperature: 0.8, topK: 40, seed: 1 });
 */
export function generate(model: Model, prompt: string, options?: GenerateOptions): Promise<string>;
export function generate(model: Model, prompt: TokenNumbers, options?: GenerateOptions): Promise<number[]>;
export async function generate(
  model: Model,
  prompt: string | TokenNumbers,
  options: GenerateOptions = {},
): Promise<string | number[]> {
  const { tokens = 50, onToken } = options;
  const bar = progress(tokens, 'generating');
  const ids: number[] = [];
  let text = '';
  try {
    for await (const token of generateTokens(model, prompt, options)) {
      ids.push(token.id);
      text += token.text;
      onToken?.(token);
      bar.step(1, text.slice(-40).replace(/\s+/g, ' '));
    }
  } finally {
    bar.end();
  }
  return typeof prompt === 'string' ? prompt + text : [...Array.from(prompt, Number), ...ids];
}

/**
 * The new tokens one by one, as they are made: `for await (const { text } of generateTokens(model, 'once upon'))`.
 * @throws as `generate`
 * @example
 * for await (const { id, text } of generateTokens(gpt, 'once upon', { tokens: 5 })) display([id, text]);
 */
export async function* generateTokens(
  model: Model,
  prompt: string | TokenNumbers,
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, void> {
  const { tokens = 50, cache } = options;
  const tokenizer = tokenizerFor(model, prompt, options);
  const before = typeof prompt === 'string' ? tokenizer!.encode(prompt) : Array.from(prompt, Number);
  const steps = stepsOf(model, cache);
  if (!before.length) throw new NeuronbookError('the prompt holds no token; begin with some text');
  if (before.length > steps.context)
    throw new NeuronbookError(
      `the prompt has ${before.length} tokens; expected at most ${steps.context}; shorten it`,
    );
  const stop = stopTokens(model, options.stop, tokenizer);
  const choose = sampler(options);
  const stream = tokenizer && new TextStream(tokenizer, before);
  const last = Math.min(tokens, steps.context - before.length);
  let more = before;
  for (let made = 0; made < last && !host().interrupted; made++) {
    const logits = await unlessInterrupted(() => steps.next(more));
    if (!logits) return;
    const id = choose(logits);
    if (stop.has(id)) return;
    yield { id, text: stream?.push(id) ?? '' };
    more = [id];
  }
}

function tokenizerFor(
  model: Model,
  prompt: string | TokenNumbers,
  { tokenizer }: GenerateOptions,
): Tokenizer | undefined {
  if (tokenizer) return tokenizer;
  // numbers need none, so that a network without words can be asked too
  return typeof prompt === 'string' || TOKENIZER_KEY in model.graph.metadata ? model.tokenizer : undefined;
}

function stopTokens(
  { graph }: Model,
  given: GenerateOptions['stop'],
  tokenizer: Tokenizer | undefined,
): ReadonlySet<number> {
  const stop = given ?? metadataOf(graph, STOP_KEY, isIntegers) ?? [];
  return new Set(
    stop.map(token => {
      if (typeof token === 'number') return token;
      if (tokenizer) return tokenizer.id(token);
      throw new NeuronbookError(`stop token ${token} needs a tokenizer; give its number`);
    }),
  );
}

async function unlessInterrupted<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InterruptError) return undefined;
    throw error;
  }
}
