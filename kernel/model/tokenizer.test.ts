/** Tokenizers against Python's, on texts that are hard: emoji, accents, scripts without spaces, odd blanks. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../base/errors.ts';
import { convnet } from '../onnx/testing.ts';
import { TextStream, Tokenizer, tokenizerOf } from './tokenizer.ts';

const read = (name: string) =>
  readFileSync(new URL(`fixtures/tokenizers/${name}.json`, import.meta.url), 'utf8');
const cases = JSON.parse(read('cases')) as Record<
  string,
  { text: string; ids: number[]; bare: number[]; decoded: string }[]
>;

describe.each(Object.keys(cases))('%s', kind => {
  const tokenizer = new Tokenizer(read(kind));

  test.each(cases[kind])('$text', ({ text, ids, bare, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.encode(text, { special: false })).toEqual(bare);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  test('pieces join to the text', () => {
    for (const { ids, decoded } of cases[kind]) {
      const stream = new TextStream(tokenizer);
      const pieces = ids.map(id => stream.push(id));
      expect(pieces.join('') + stream.end()).toBe(decoded);
      expect(tokenizer.pieces(ids)).toEqual(pieces);
    }
  });
});

describe('a byte-level tokenizer', () => {
  const tokenizer = new Tokenizer(read('byte-level'));

  test('tokens by number and by spelling', () => {
    expect(tokenizer.tokens('the fox')).toEqual(['t', 'he', 'Ġfox']);
    expect(tokenizer.id('Ġfox')).toBe(tokenizer.encode(' fox')[0]);
    expect(tokenizer.token(0)).toBe('<|end|>');
    expect([tokenizer.isSpecial(0), tokenizer.isSpecial(1)]).toEqual([true, false]);
    expect(String(tokenizer)).toBe('tokenizer: 420 tokens, 1 of them special');
    expect(() => tokenizer.id('Ġfoxy')).toThrow(/^unknown token: Ġfoxy; nearest: Ġfox, .*; a space may be/);
    expect(() => tokenizer.decode([3, 420])).toThrow('unknown token: 420; there are 420, from 0 to 419');
  });

  test('special tokens are left out of the text unless asked for', () => {
    const ids = tokenizer.encode('a<|end|>b');
    expect(tokenizer.decode(ids)).toBe('ab');
    expect(tokenizer.decode(ids, { special: true })).toBe('a<|end|>b');
  });

  test('a character of several tokens comes with the last of them', () => {
    const ids = tokenizer.encode('🧪!');
    expect(ids.length).toBeGreaterThan(2);
    expect(tokenizer.pieces(ids)).toEqual([...Array<string>(ids.length - 2).fill(''), '🧪', '!']);
    const stream = new TextStream(tokenizer);
    expect(stream.push(ids[0])).toBe('');
    expect(stream.end()).toBe('\ufffd');
  });
});

test('what is no tokenizer is refused', () => {
  const refused = (json: string) => {
    try {
      new Tokenizer(json, '{}', 'x/tokenizer.json');
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return (error as Error).message;
    }
    return 'taken';
  };
  expect(refused('{"model"')).toBe('x/tokenizer.json: not JSON; it was cut short, or is another file');
  expect(refused('[1]')).toBe(
    'x/tokenizer.json: holds no model; expected the tokenizer.json of a fast tokenizer',
  );
  expect(refused('{"model": {"type": "Nonsense"}}')).toMatch(
    /^x\/tokenizer\.json: not a tokenizer that can be read: /,
  );
  expect(() => tokenizerOf(convnet())).toThrow(
    "test carries no tokenizer; pass token numbers, or load one with tokenizer('hf:owner/name')",
  );
});
