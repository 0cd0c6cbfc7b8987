/** Edits that take the values of other sites: what they compute, at any size, and what cannot be connected. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { add, mul } from '../engine/functions.ts';
import { linear, network, relu, sequential } from '../nn/index.ts';
import type { Edit } from './edits.ts';
import { Model } from './model.ts';

const model = new Model(
  'two layers',
  network(sequential(linear('a', { features: 3 }), relu('b'), linear('c', { features: 3 })), {
    inputs: { x: ['batch', 2] },
    seed: 1,
  }),
);

/** site′ = 2·other */
const doubled = (site: string, other: string): Edit => ({
  site,
  reads: [other],
  text: `double('${site}', '${other}')`,
  build: (_value, _site, [{ value }]) => mul(value, 2),
});

const x = tensor([1, -2, 0.5, 3, -1, -1], [3, 2]);

describe('an edit that reads another site', () => {
  test('computes with its value, at any batch, and leaves the model as it was', async () => {
    const edited = model.edit(doubled('c', 'b'));
    const { sites, outputs } = await edited.run({ x }, { read: ['b'] });
    expect(outputs.c.toNumbers()).toEqual(sites.b.toNumbers().map(value => 2 * value));
    const alone = await edited.run({ x: x.at(1).reshape([1, 2]) });
    expect(alone.outputs.c.toNumbers()).toEqual(outputs.c.at(1).toNumbers());
    expect((await model.run({ x })).outputs.c.toNumbers()).not.toEqual(outputs.c.toNumbers());
  });

  test('may read the site itself, as it was before', async () => {
    const self: Edit = {
      ...doubled('b', 'b'),
      build: (value, _site, [read]) => add(value, mul(read.value, 2)),
    };
    const [plain, tripled] = [model, model.edit(self)].map(each =>
      each.run({ x }, { read: ['b'], outputs: [] }),
    );
    expect((await tripled).sites.b.toNumbers()).toEqual(
      (await plain).sites.b.toNumbers().map(value => Math.fround(3 * value)),
    );
  });

  test('cannot read what follows from its own site', () => {
    expect(() => model.edit(doubled('b', 'c'))).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: double('b', 'c') reads c, which follows from b; expected sites before it]`,
    );
    expect(() => model.edit(doubled('b', 'd'))).toThrow('unknown site: d');
  });
});
