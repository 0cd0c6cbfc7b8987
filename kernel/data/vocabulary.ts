/** Words ↔ token ids. Every made-up language here has one; `tokens` of a batch are indices into it. */
import { NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Tensor } from '../base/tensor.ts';

export class Vocabulary {
  private readonly ids: ReadonlyMap<string, number>;

  /** @param words by id; a word that is given twice has one id */
  readonly words: readonly string[];
  constructor(words: Iterable<string>) {
    this.words = [...new Set(words)];
    this.ids = new Map(this.words.map((word, id) => [word, id]));
  }

  get size(): number {
    return this.words.length;
  }

  /** @throws NameError with the nearest real words */
  id(word: string): number {
    const id = this.ids.get(word);
    if (id === undefined)
      throw new NameError('word', word, nearest(word, this.words), `the vocabulary has ${this.size} words`);
    return id;
  }

  /**
   * Words parted by spaces as ids.
   * @throws NameError on a word that the language does not have
   * @example stories.vocabulary.encode('the cat was happy .')
   */
  encode(text: string): number[] {
    return text
      .split(/\s+/)
      .filter(Boolean)
      .map(word => this.id(word));
  }

  /**
   * Ids as words parted by spaces; a tensor of several rows gives several lines.
   * @example stories.vocabulary.decode(stories.vocabulary.encode('the cat was happy .')) // → the cat was happy .
   */
  decode(ids: readonly number[] | Tensor): string {
    if (Array.isArray(ids)) return ids.map(id => this.words[id] ?? `<${id}?>`).join(' ');
    const rows = ids as Tensor;
    if (rows.dims.length < 2) return this.decode(rows.toNumbers());
    return Array.from({ length: rows.dims[0] }, (_, i) => this.decode(rows.at(i))).join('\n');
  }

  toString(): string {
    const shown = this.words.slice(0, 24).join(' ');
    return `vocabulary of ${this.size} words: ${shown}${this.size > 24 ? ' …' : ''}`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString() };
  }
}
