/** Dashboards that are none are refused by name; what is sound is told in words, markup and a picture. */
import { expect, test } from 'vitest';
import { displaySymbol } from '../bundle.ts';
import { featureProblem, features, problem, type Feature } from './features.ts';

const one: Feature = {
  feature: 7,
  label: 'animals',
  density: 0.02,
  largest: 3.5,
  mean: 1.25,
  token: 'cat',
  histogram: { top: 4, counts: [3, 1] },
  examples: [{ place: 'story 0', value: 3.5, tokens: ['the ', 'cat ', 'sat'], values: [0, 3.5, 0.5], at: 1 }],
  nearest: [{ feature: 9, label: 'birds', cosine: 0.5 }],
  reads: [{ name: 'channel 1', value: 0.5 }],
  writes: [{ name: 'channel 2', value: -0.5 }],
  raises: [{ name: 'purred', value: 1 }],
  lowers: [{ name: 'car', value: -1 }],
};
const { data } = features([one], { title: 'coder', about: 'topK(k 2)', count: 512 });
const [example] = one.examples;

test('what is known is told in words and markup', () => {
  const bundle = features([one], { title: 'coder', count: 512 })[displaySymbol]() as Record<string, string>;
  expect(bundle['text/plain']).toBe(
    'coder · 512 features, 1 of them here\n#7 animals: active at 2 % of rows, at most 3.5; raises purred: the ‹cat› sat',
  );
  expect(bundle['text/html']).toContain('<h4>#7 animals</h4>');
  expect(bundle['text/html']).toContain('raises purred · lowers car');
  expect(bundle['image/svg+xml']).toContain('#7 animals · active at 2 % of rows, at most 3.5');
});

test.each<[string, object, string]>([
  ['no title', { title: 1 }, 'data.title or data.about is not text'],
  ['a name of its own making', { live: {} }, 'data.live is not text'],
  ['no count', { count: -1 }, 'data.count is not a number from 0'],
  ['too many', { features: Array(501).fill(one) }, 'data.features is not a list of at most 500'],
])('%s is not drawn', (_, change, said) => expect(problem({ ...data, ...change })).toBe(said));

test.each<[string, object, string]>([
  ['no number', { feature: 'x' }, 'has no number'],
  ['a label that is markup in disguise', { label: {} }, 'has a label or a token that is not text'],
  ['a density above one', { density: 2 }, 'has a density that is not from 0 to 1'],
  ['no largest value', { largest: null }, 'has a largest value that is not a number'],
  ['no mean', { mean: NaN }, 'has a mean that is not a number'],
  ['no end', { histogram: { counts: [] } }, 'has a histogram without its end'],
  ['negative counts', { histogram: { top: 1, counts: [-1] } }, 'has a histogram whose counts are not numbers from 0'],
  ['many examples', { examples: Array(101).fill(example) }, 'has not a list of at most 100 examples'],
  ['no place', { examples: [{ ...example, place: 3 }] }, 'has an example 0 without place or value'],
  ['long examples', { examples: [{ ...example, tokens: Array(1001).fill('') }] }, 'has an example 0 whose tokens are not at most 1000 texts'],
  ['a value missing', { examples: [{ ...example, values: [1] }] }, 'has an example 0 whose values are not one number a token'],
  ['a place beyond', { examples: [{ ...example, at: 3 }] }, 'has an example 0 that stands at none of its tokens'],
  ['a neighbour without cosine', { nearest: [{ feature: 1, label: '' }] }, 'has neighbours that are not a number, a label and a cosine each'],
  ['an entry without name', { raises: [{ value: 1 }] }, 'has raises that are not at most 100 names with a number each'],
])('a feature with %s is not drawn', (_, change, said) => {
  expect(featureProblem(one)).toBeUndefined();
  expect(featureProblem({ ...one, ...change })).toBe(said);
  expect(problem({ ...data, features: [{ ...one, ...change }] })).toBe(`data.features[0] ${said}`);
}); // prettier-ignore

test('a wrong feature is told by whoever makes the view', () =>
  expect(() => features([{ ...one, density: 2 }])).toThrow(
    'a dashboard of features: features[0] has a density that is not from 0 to 1',
  ));
