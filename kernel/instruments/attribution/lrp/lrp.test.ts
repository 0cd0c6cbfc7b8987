/** Relevance propagation: what is conserved, with the control that is not; transformers; what it refuses. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../../base/rng.ts';
import { sizeOf, type Dims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { override } from '../../../engine/override.ts';
import { load } from '../../../model/load.ts';
import { Model } from '../../../model/model.ts';
import { pick } from '../../../model/objective.ts';
import * as nn from '../../../nn/index.ts';
import * as attribution from '../index.ts';
import { difference, network, reference } from '../testing-fixtures.ts';

const of = pick('logits', [0, 2]);
const drawn = (dims: Dims, seed: number): Tensor => {
  const random = rng(seed);
  return tensor(
    Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
    dims,
  );
};

/** Three residual blocks without biases, which would keep some. */
const residual = (seed: number): Model => {
  const block = (name: string) =>
    nn.residual(
      `${name}.sum`,
      nn.sequential(
        nn.conv(`${name}.a`, { channels: 8, bias: false }),
        nn.relu(`${name}.relu`),
        nn.conv(`${name}.b`, { channels: 8, bias: false }),
      ),
    );
  return new Model(
    'blocks',
    nn.network(
      nn.sequential(
        nn.conv('stem', { channels: 8, bias: false }),
        nn.relu('stem.relu'),
        block('one'),
        nn.relu('one.out'),
        block('two'),
        nn.relu('two.out'),
        block('three'),
        nn.relu('three.out'),
        nn.globalAveragePool('pool'),
        nn.flatten('features'),
        nn.linear('logits', { features: 4, bias: false }),
      ),
      { inputs: { image: ['batch', 3, 8, 8] }, seed },
    ),
  );
};

describe.each([0, 1, 2])('a network of residual blocks, seed %i', seed => {
  // z⁺ in the convolutions, ε in the dense layer: a logit that nothing raises has no z⁺
  const options = { of, rules: attribution.epsilonPlus() };
  const inputs = { image: drawn([2, 3, 8, 8], seed) };

  test('keeps relevance within 1 % at every layer', async () => {
    const { conservation, scores, sums } = await attribution.lrp(residual(seed), inputs, options);
    for (const { rows } of conservation!) {
      expect(rows.length).toBeGreaterThan(8);
      for (const { share } of rows) expect(share).toBeCloseTo(1, 2);
    }
    sums.forEach((sum, i) => expect(Math.abs(sum / scores[i] - 1)).toBeLessThan(0.01));
  });

  test('does not where sums hand all of it to both branches', async () => {
    const { sums, scores } = await attribution.lrp(residual(seed), inputs, { ...options, sums: 'whole' });
    // three blocks that double it
    sums.forEach((sum, i) => expect(sum / scores[i]).toBeCloseTo(8, 1));
  });
});

test('each example of a batch has its own objective, also where two print alike', async () => {
  const model = residual(5);
  const x = drawn([3, 3, 8, 8], 7);
  const [first, second] = [0, 2].map(unit => pick('logits', [0, unit]));
  const list = [first, second, pick('logits', [0, 0])];
  const blame = await attribution.lrp(model, { image: x }, { of: list });
  for (const [i, objective] of list.entries()) {
    const alone = await attribution.lrp(model, { image: x.at(i).reshape([1, 3, 8, 8]) }, { of: objective });
    expect(blame.values.at(i).data).toEqual(alone.values.data);
    expect(blame.conservation![i].rows).toEqual(alone.conservation![0].rows);
  }
  expect(difference(blame.values.at(0), blame.values.at(1))).toBeGreaterThan(0.1);
});

describe('biases', () => {
  let model: Model;
  let theirs: Record<string, Tensor>;
  beforeAll(async () => ([model, theirs] = [await network('residual'), await reference()]));

  test.each([
    attribution.epsilon(),
    attribution.zplus(),
    attribution.gamma(),
    attribution.alphaBeta(),
    attribution.composite(['first', attribution.wSquare()], attribution.epsilon()),
  ])('$text: what flows on and what biases keep are the score', async rules => {
    const { conservation, sums, scores } = await attribution.lrp(
      model,
      { image: theirs['residual/x'] },
      { of, rules },
    );
    conservation!.forEach(({ rows }, i) => {
      for (const { share } of rows) expect(Math.abs((share as number) - 1)).toBeLessThan(0.01);
      // and they do keep something
      expect(Math.abs(sums[i] / scores[i] - 1)).toBeGreaterThan(0.01);
    });
  });

  test('the relevance of inner sites can be read', async () => {
    const relu = [...model.sites].find(site => site.op === 'Relu')!.name;
    const { sites } = await attribution.lrp(model, { image: theirs['residual/x'] }, { of, read: [relu] });
    expect(sites[relu].dims).toEqual([2, 6, 8, 8]);
    expect(sites[relu].toNumbers().some(value => value !== 0)).toBe(true);
  });
});

describe('transformers', () => {
  test('relevance is accounted for, with patterns as constants and with relevance through them', async () => {
    const { 'text/tokens': tokens } = await reference();
    const model = await network('text');
    const last = pick('logits', [0, -1, 2]);
    const blame = await attribution.lrp(model, { tokens }, { of: last, attention: 'constant' });
    for (const { rows } of blame.conservation!) for (const { share } of rows) expect(share).toBeCloseTo(1, 2);
    const flowing = await attribution.lrp(model, { tokens }, { of: last });
    expect(difference(flowing.values, blame.values)).toBeGreaterThan(0.01);
    for (const { rows } of flowing.conservation!)
      for (const { share } of rows) expect(share).toBeCloseTo(1, 2);
  });

  test('a language model of the zoo, token by token', async () => {
    const model = await load('zoo:induction');
    const ids = tensor(BigInt64Array.from([1n, 5n, 3n, 8n, 1n, 5n]), [1, 6]);
    const { values, places } = await attribution.lrp(
      model,
      { tokens: ids },
      { of: pick('logits', [0, -1, 3]) },
    );
    expect(places.dims).toEqual([1, 6]);
    expect(values.toNumbers().every(Number.isFinite)).toBe(true);
  });
});

describe('rules by place', () => {
  test('a composite prints, and says which names no layer has', async () => {
    const rules = attribution.composite(
      ['first', attribution.flat()],
      ['conv', attribution.gamma()],
      ['logits', attribution.epsilon(0.1)],
      attribution.zplus(),
    );
    expect(rules.text).toBe('first: flat, conv: gamma(0.25), logits: epsilon(0.1), everywhere: zplus');
    const model = residual(0);
    const inputs = { image: drawn([1, 3, 8, 8], 0) };
    await expect(
      attribution.lrp(model, inputs, {
        of,
        rules: attribution.composite(['logit', attribution.zplus()], attribution.epsilon()),
      }),
    ).rejects.toThrow(/unknown layer: logit; nearest: logits/);
    await expect(
      attribution.lrp(model, inputs, { of, rules: attribution.composite(['conv', attribution.zplus()]) }),
    ).rejects.toThrow(/no rule for (Gemm|MatMul) at logits; end the composite/);
    const same = attribution.composite(
      [/\.a$/, attribution.gamma()],
      [({ index }) => index < 100, attribution.epsilon()],
    );
    expect(same).toBeDefined();
  });

  test('an op without a rule is named, with its site and the page; an override passes it', async () => {
    const graph = nn.network(
      {
        build: ({ x }, scope) => ({
          logits: nn.linear('logits', { features: 4 })(
            x.trace.apply('LpPool', [x], { kernel_shape: [2n] }, { name: 'lp', outputs: ['lp'] })[0],
            scope,
          ),
        }),
      },
      { inputs: { x: ['batch', 2, 8] } },
    );
    const model = new Model('lp', graph);
    const inputs = { x: drawn([1, 2, 8], 0) };
    const at = pick('logits', [0, 0, 2]);
    await expect(attribution.lrp(model, inputs, { of: at })).rejects.toThrow(
      /no relevance rule for op LpPool at lp; give one with override\('LpPool', …\), as docs\/attribution\.md/,
    );
    const through = override(
      'lp',
      ({ inputs: [x], dy }) =>
        x!.trace.apply('Mul', [
          x!,
          x!.trace.apply('Pad', [dy, x!.trace.constant(tensor([0n, 0n, 0n, 0n, 0n, 1n]))])[0],
        ])[0],
    );
    const { values } = await attribution.lrp(model, inputs, { of: at, override: [through] });
    expect(values.dims).toEqual([1, 2, 8]);
  });
});
