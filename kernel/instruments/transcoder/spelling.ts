/** Tokens as people read them: by the model's tokenizer, or by a list of words. */
import type { Model } from '../../model/model.ts';

/** What each token adds to the text; joined they are the text. */
export type Speller = (tokens: readonly number[]) => string[];

/** @returns undefined where no words are given and the model brings no tokenizer */
export function speller(model: Model, words?: readonly string[]): Speller | undefined {
  if (words) return tokens => tokens.map(id => `${words[id] ?? `<${id}?>`} `);
  try {
    const { tokenizer } = model;
    // what stands for no text, such as the end of one, is shown by its name
    const named = (id: number) => (tokenizer.isSpecial(id) ? `${tokenizer.token(id)} ` : '');
    return tokens => tokenizer.pieces(tokens).map((piece, i) => piece || named(tokens[i]));
  } catch {
    return undefined;
  }
}
