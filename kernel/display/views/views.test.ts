/** Views: every maker's payload passes its own validator and carries forms for those without the extension. */
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../../base/base64.ts';
import { decodePng } from '../../base/png.ts';
import type { Displayable } from '../bundle.ts';
import { pack } from '../packed.ts';
import { envelopeProblem, isPng, type ViewPayload } from '../payload.ts';
import * as attention from './attention.ts';
import * as matrix from './matrix.ts';
import * as tokens from './tokens.ts';
import { bundle, made, payload } from './testing-views.ts';

describe.each(Object.entries(made))('%s', (_, { view, problem }) => {
  test('makes what its validator takes', () => {
    const sent = JSON.parse(JSON.stringify(payload(view))) as ViewPayload<string, unknown>;
    expect(envelopeProblem(sent)).toBeUndefined();
    expect(problem(sent.data)).toBeUndefined();
  });

  test('carries a picture, words, and no markup of others', () => {
    const {
      'image/png': png,
      'image/svg+xml': svg,
      'text/html': html = '',
      'text/plain': text,
    } = bundle(view);
    if (png) expect(decodePng(fromBase64(png)).width).toBeGreaterThan(20);
    else expect(svg).toMatch(/^<svg xmlns/);
    for (const markup of [svg ?? '', html]) expect(markup).not.toMatch(/<img src=x|NaN|undefined|<script/);
    expect(text.length).toBeGreaterThan(0);
    if (png) expect(png.length).toBeLessThan(400_000);
  });

  test.each([undefined, null, 3, [], {}, { title: 'x' }])('refuses %j', data =>
    expect(problem(data)).toMatch(/^data\./),
  );
});

describe('the validators name the fault', () => {
  const cases: [string, (data: unknown) => string | undefined, Displayable, object, RegExp][] = [
    [
      'a value missing',
      tokens.problem,
      made.texts.view,
      { texts: [{ label: '', tokens: ['a'], values: [] }] },
      /one number a token/,
    ],
    [
      'too many tokens',
      tokens.problem,
      made.texts.view,
      { texts: [{ label: '', tokens: Array(20001).fill('a'), values: Array(20001).fill(0) }] },
      /20001 tokens/,
    ],
    ['a range of words', tokens.problem, made.texts.view, { range: ['a', 'b'] }, /two numbers in order/],
    ['heads too few', attention.problem, made.attention.view, { heads: ['one'] }, /is 2×4×4; expected 1×4×4/],
    [
      'bytes cut off',
      attention.problem,
      made.attention.view,
      { pattern: { ...pack(new Float32Array(32), [2, 4, 4]), bytes: 'AAAA' } },
      /has 3 bytes; expected 128/,
    ],
    [
      '10⁹ numbers',
      matrix.problem,
      made.matrix.view,
      { values: { dtype: 'float32', dims: [1e9], bytes: '' } },
      /at most 16777216/,
    ],
    [
      'negative dims',
      matrix.problem,
      made.matrix.view,
      { values: { dtype: 'float32', dims: [-1, -1], bytes: 'AAAAAA==' } },
      /no sizes/,
    ],
  ];
  test.each(cases)('%s', (_, problem, view, change, message) =>
    expect(problem({ ...payload(view).data, ...change })).toMatch(message),
  );
});

/** A payload with one leaf changed, for each leaf and each of these. */
function* wounded(data: unknown): Generator<unknown> {
  const poison = [null, -1, 1e9, 0.5, 'x', [], {}, Infinity, [[[[]]]]];
  const copy = structuredClone(data) as Record<string, unknown>;
  function* visit(node: Record<string, unknown>, depth: number): Generator<unknown> {
    for (const key of Object.keys(node).slice(0, 3)) {
      const kept = node[key];
      for (const bad of poison) {
        node[key] = bad;
        yield copy;
      }
      node[key] = kept;
      if (typeof kept === 'object' && kept !== null && depth < 4)
        yield* visit(kept as Record<string, unknown>, depth + 1);
    }
  }
  yield* visit(copy, 0);
}

test.each(Object.entries(made))(
  '%s: a wounded payload is refused in a sentence or is as good as it was',
  (_, one) => {
    let refused = 0;
    for (const data of wounded(payload(one.view).data)) {
      const said = one.problem(data);
      if (said === undefined) continue;
      refused++;
      expect(said).toMatch(/^(data|there)\b.{3,200}$/s);
    }
    expect(refused).toBeGreaterThan(8);
  },
);

test('a PNG whose header claims to be huge is none', () => {
  const { data } = payload(made.atlas.view) as unknown as { data: { sprite: string } };
  const bytes = fromBase64(data.sprite).slice();
  new DataView(bytes.buffer).setUint32(16, 60_000);
  expect(isPng(data.sprite)).toBe(true);
  expect(isPng(toBase64(bytes))).toBe(false);
});
