/**
 * Text ↔ token numbers, as the tokenizer.json of a language model says. The work is done by Hugging Face's own
 * JavaScript library; here are the names that a notebook wants, errors, and text that streams.
 */
import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { FormatError, NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Graph } from '../onnx/graph.ts';

/** The metadata in which a graph carries the tokenizer.json, and the tokenizer_config.json, of its texts. */
export const TOKENIZER_KEY = 'neuronbook.tokenizer';
export const TOKENIZER_CONFIG_KEY = 'neuronbook.tokenizer.config';

/** The metadata in which a graph lists the tokens that end its texts, as JSON. */
export const STOP_KEY = 'neuronbook.stop';

/** What stands for bytes that are not text on their own: a part of an emoji, say. */
const broken = '\ufffd';

/** The library insists on all parts, where the file may leave out what it has none of. */
const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };

export class Tokenizer {
  private readonly engine: Engine;
  private readonly special: ReadonlySet<number>;
  private vocabulary?: ReadonlyMap<string, number>;

  /**
   * @param json the text of a tokenizer.json
   * @param config the text of a tokenizer_config.json, where there is one
   * @throws FormatError where they are something else
   */
  constructor(json: string, config = '{}', path?: string) {
    const fail = (why: string) => new FormatError(`${path ?? 'tokenizer.json'}: ${why}`, path);
    const parsed = parse(json, fail) as { model?: unknown; added_tokens?: unknown };
    if (typeof parsed.model !== 'object' || parsed.model === null)
      throw fail('holds no model; expected the tokenizer.json of a fast tokenizer');
    const added = Array.isArray(parsed.added_tokens) ? parsed.added_tokens : [];
    this.special = new Set(
      (added as { id: number; special?: boolean }[]).filter(({ special }) => special).map(({ id }) => id),
    );
    try {
      this.engine = new Engine({ ...parts, ...parsed, added_tokens: added }, parse(config, fail));
    } catch (error) {
      throw fail(`not a tokenizer that can be read: ${(error as Error).message}`);
    }
  }

  /** How many tokens there are. */
  get size(): number {
    return this.names.size;
  }

  /**
   * The numbers of a text's tokens.
   * @param options `special`: whether to add what the model expects around a text, such as `<s>` or `[CLS]`
   * @throws NameError on a word that the vocabulary cannot spell and has no token for
   * @example
   * gpt.tokenizer.encode('once upon').length
   */
  encode(text: string, { special = true } = {}): number[] {
    const { ids, tokens } = this.engine.encode(text, { add_special_tokens: special });
    const strange = (ids as (number | undefined)[]).indexOf(undefined);
    // throws, and tells what is near
    if (strange >= 0) this.id(tokens[strange]);
    return ids;
  }

  /**
   * The text of tokens.
   * @param options `special`: whether special tokens such as `</s>` are written out
   * @throws NameError on a number that is no token
   * @example gpt.tokenizer.decode(gpt.tokenizer.encode('once upon')) // → once upon
   */
  decode(ids: Iterable<number | bigint>, { special = false } = {}): string {
    const numbers = Array.from(ids, Number);
    for (const id of numbers) this.token(id);
    // the library cannot join none
    if (!numbers.length) return '';
    // by default it takes the blank out of `x != y`, so that what was encoded would not come back
    const options = { skip_special_tokens: !special, clean_up_tokenization_spaces: false };
    return this.engine.decode(numbers, options);
  }

  /**
   * The tokens of a text as the vocabulary spells them: `['once', 'Ġupon']`.
   * @example gpt.tokenizer.tokens('once upon')
   */
  tokens(text: string, options?: { special?: boolean }): string[] {
    return this.encode(text, options).map(id => this.token(id));
  }

  /**
   * What each token adds to the text; where one ends inside a character, the last of it adds all.
   * @example gpt.tokenizer.pieces(gpt.tokenizer.encode('once upon')).join('') // → once upon
   */
  pieces(ids: Iterable<number | bigint>): string[] {
    const stream = new TextStream(this);
    return Array.from(ids, id => stream.push(Number(id)));
  }

  /**
   * A token as the vocabulary spells it. @throws NameError on a number that is no token
   * @example gpt.tokenizer.token(5)
   */
  token(id: number): string {
    const token = this.engine.id_to_token(id);
    if (token === undefined)
      throw new NameError('token', String(id), [], `there are ${this.size}, from 0 to ${this.size - 1}`);
    return token;
  }

  /**
   * The number of a token, spelled as in the vocabulary. @throws NameError with the nearest tokens
   * @example gpt.tokenizer.id('o')
   */
  id(token: string): number {
    const id = this.names.get(token);
    if (id === undefined)
      throw new NameError('token', token, nearest(token, this.names.keys()), 'a space may be spelled Ġ or ▁');
    return id;
  }

  /** Whether a token stands for something other than text: an end, a mask, padding. */
  isSpecial(id: number): boolean {
    return this.special.has(id);
  }

  toString(): string {
    return `tokenizer: ${this.size} tokens, ${this.special.size} of them special`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString() };
  }

  private get names(): ReadonlyMap<string, number> {
    return (this.vocabulary ??= this.engine.get_vocab(true));
  }
}

function parse(text: string, fail: (why: string) => FormatError): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('not JSON; it was cut short, or is another file');
  }
  if (typeof value !== 'object' || value === null) throw fail('not a JSON object');
  return value;
}

/** Text that grows token by token. Bytes that are not a whole character yet wait for the next token. */
export class TextStream {
  private readonly ids: number[] = [];
  /** Decoded together with what follows, since a token's text depends on its neighbours; written out already. */
  private begin = 0;
  private written = 0;

  /** @param before tokens whose text is there already: what follows depends on them */
  constructor(
    private readonly tokenizer: Tokenizer,
    before: readonly number[] = [],
  ) {
    for (const id of before) this.push(id);
  }

  /** The text that this token adds; empty while a character is incomplete. */
  push(id: number): string {
    this.ids.push(id);
    const before = this.tokenizer.decode(this.ids.slice(this.begin, this.written));
    const after = this.tokenizer.decode(this.ids.slice(this.begin));
    if (after.endsWith(broken) || after.length <= before.length) return '';
    this.begin = this.written;
    this.written = this.ids.length;
    return after.slice(before.length);
  }

  /** What was still waiting when the tokens ended. */
  end(): string {
    const before = this.tokenizer.decode(this.ids.slice(this.begin, this.written));
    return this.tokenizer.decode(this.ids.slice(this.begin)).slice(before.length);
  }
}

/** By the metadata, which the edits of a model share. */
const made = new WeakMap<Graph['metadata'], Tokenizer>();

/**
 * The tokenizer that a graph carries in its metadata.
 * @throws NeuronbookError where it carries none
 */
export function tokenizerOf(graph: Graph): Tokenizer {
  const known = made.get(graph.metadata);
  if (known) return known;
  const json = graph.metadata[TOKENIZER_KEY];
  if (json === undefined)
    throw new NeuronbookError(
      `${graph.name} carries no tokenizer; pass token numbers, or load one with tokenizer('hf:owner/name')`,
    );
  const fresh = new Tokenizer(json, graph.metadata[TOKENIZER_CONFIG_KEY], graph.name);
  made.set(graph.metadata, fresh);
  return fresh;
}
