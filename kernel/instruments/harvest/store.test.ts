/** What was harvested: shown, asked by SQL, taken in batches, and trained on. */
import { afterAll, describe, expect, test } from 'vitest';
import { rng, type Rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { names } from '../../data/names.ts';
import { reachableLoss } from '../../data/writer.ts';
import { embedding, linear, network, sequential } from '../../nn/index.ts';
import { adamW, crossEntropy, fit, mse } from '../../train/index.ts';
import { harvest } from './harvest.ts';
import { folder, LENGTH, model, quiet, removeRoot, root, tokensOf } from './testing-harvest.ts';

afterAll(removeRoot);

describe('a store', () => {
  test('shows itself, and answers SQL', async () => {
    const tokens = tokensOf(40);
    for (const to of [undefined, folder()]) {
      const acts = await harvest(model, { tokens }, { read: ['post'], to, partBytes: 8192, ...quiet });
      expect(
        String(acts)
          .replace(root, '…')
          .replace(/[\d.]+ kB/, '# kB'),
      ).toBe(
        `activations: 640 rows, # kB ${to ? '…/' + to.slice(root.length + 1).replace(/.*\//, '') : 'in memory'}\n  post  ×12`.replace(
          '# kB …',
          '# kB in …',
        ),
      );
      const { post, token } = await acts.slice(0);
      const mean = post.toNumbers().reduce((sum, value, i) => (i % 12 === 4 ? sum + value : sum), 0) / 640;
      const [row] = await acts.query(
        'select count(*) as n, avg(post[5]) as mean, max(token) as top from acts',
      );
      expect(row).toEqual({ n: 640, mean: expect.closeTo(mean, 6), top: Math.max(...token.toNumbers()) });
      await expect(acts.query('select nothing from acts')).rejects.toThrow(/query failed: .*nothing/);
    }
  });

  test('gives every row once in a pass, in an order of its own, the same for the same seed', async () => {
    const acts = await harvest(
      model,
      { tokens: tokensOf(80) },
      { read: ['post'], to: folder(), partBytes: 8192, ...quiet },
    );
    const pass = async (options: object) => {
      const ids: number[] = [];
      for await (const { example, position, post } of acts.batches({ size: 64, window: 3, ...options })) {
        expect(post.dims).toEqual([64, 12]);
        position.toNumbers().forEach((at, i) => ids.push(Number(example.data[i]) * LENGTH + at));
      }
      return ids;
    };
    const inOrder = Array.from({ length: 80 * LENGTH }, (_, i) => i);
    const shuffled = await pass({ shuffle: 5 });
    expect(await pass({ shuffle: false })).toEqual(inOrder);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(inOrder);
    expect(shuffled).not.toEqual(inOrder);
    expect(await pass({ shuffle: 5 })).toEqual(shuffled);
    // passes differ, and any step can be asked for alone
    const draw = acts.draw({ size: 64, shuffle: 5, window: 3 });
    const example = async (step: number) => (await draw(step)).example.toNumbers();
    expect(await example(20)).not.toEqual(await example(0));
    expect(
      await acts
        .draw({ size: 64, shuffle: 5, window: 3 })(7)
        .then(batch => batch.example.toNumbers()),
    ).toEqual(await example(7));
    expect(() => acts.draw({ size: 4000 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: batch of 4000 rows; expected 1 to 1280, all that there are]`,
    );
    expect(() => acts.width('past')).toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown harvested site: past; nearest: post]`,
    );
  });
});

describe('training', () => {
  const live = false;

  test('takes what was harvested, batch by batch from disk', async () => {
    const acts = await harvest(
      model,
      { tokens: tokensOf(80) },
      { read: ['pre', 'post'], to: folder(), ...quiet },
    );
    const net = network(linear('out', { features: 12 }), { inputs: { pre: ['batch', 12] } });
    const loss = mse({ output: 'out', target: 'post' });
    const { losses } = await fit(net, acts.draw({ size: 128 }), {
      loss,
      optimizer: adamW({ lr: 0.03 }),
      steps: 60,
      live,
    });
    expect(losses.at(-1)!).toBeLessThan(losses[0] / 3);
  });

  test('takes a made-up language, whose reachable loss is a bound', async () => {
    const net = network(
      sequential(
        embedding('embed', { count: names.vocabulary.size, features: 16 }),
        linear('logits', { features: names.vocabulary.size }),
      ),
      { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' } },
    );
    const data = (_step: number, stream: Rng) => names.batch(stream, 16);
    const { losses } = await fit(net, data, {
      loss: crossEntropy(),
      optimizer: adamW({ lr: 0.03 }),
      steps: 80,
      live,
    });
    const { logProbability, mask } = names.batch(rng(1), 200);
    const reachable = reachableLoss({
      logProbability,
      mask: tensor(new Float32Array(mask.size).fill(1), mask.dims),
    });
    expect(losses.at(-1)!).toBeLessThan(0.6 * losses[0]);
    expect(losses.at(-1)!).toBeGreaterThan(reachable);
  });
});
