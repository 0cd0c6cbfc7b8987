import { expect, test } from 'vitest';
import { questionOf } from './question.ts';

test.each([
  ['Math?', 'Math', 0],
  [' a.b?? ;\n', 'a.b', 1],
  ['?größe', 'größe', 0],
  ['??x', 'x', 1],
])('%j asks', (code, name, detail) => expect(questionOf(code)).toEqual({ name, detail }));

test.each(['a ? b : c', 'a?.b', 'a ?? b', '?', '', 'f()?', 'a?\nb'])('%j is code', code =>
  expect(questionOf(code)).toBeUndefined(),
);
