/** `zoo:stories` and `zoo:gated` are asked, and answer, in words. */
import { describe, expect, test } from 'vitest';
import { generate, load, stories } from '../../index.ts';

describe.each(['zoo:stories', 'zoo:gated'])('%s', source => {
  test('goes on with a story in words of its language, and ends it', async () => {
    const model = await load(source);
    const beginning = 'Once upon a time ,';
    const text = await generate(model, beginning, { tokens: 110, temperature: 1, seed: 3 });
    expect(text.startsWith(`${beginning} there was a `)).toBe(true);
    // throws on anything else
    expect(stories.vocabulary.encode(text).length).toBeGreaterThan(20);
    expect(text).not.toContain('<end>');
    model.dispose();
  });

  test('has a tokenizer of the language’s words, which refuses others', async () => {
    const { tokenizer } = await load(source);
    const text = 'Once upon a time , there was a kind girl named Mia .';
    expect(tokenizer.encode(text)).toEqual([0, ...stories.vocabulary.encode(text)]);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(() => tokenizer.encode('there was a kind gril')).toThrow(/^unknown token: gril.*girl/s);
  });
});
