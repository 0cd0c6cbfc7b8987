/** Pictures beside pictures: dataset examples, the activation grid, the atlas. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { textures } from '../../data/textures.ts';
import { load } from '../../model/load.ts';
import type { Model } from '../../model/model.ts';
import { activationGrid } from './activation-grid.ts';
import { activations, rows } from './activations.ts';
import { atlas } from './atlas.ts';
import { examples } from './examples.ts';
import { logit } from './objectives/index.ts';
import { score } from './score.ts';

let model: Model;
const { image, label } = textures.batch(rng('collections'), 28);
beforeAll(async () => {
  model = await load('zoo:textures');
});

describe('dataset examples', () => {
  test('the best of all pictures for each class are of that class', async () => {
    const classes = [2, 7];
    const found = await examples(
      model,
      classes.map(index => logit('logits', index)),
      [rows(image, 0, 20), rows(image, 20, 8)],
      { count: 2 },
    );
    expect(found.seen).toBe(28);
    for (const [k, row] of found.rows.entries()) {
      expect(row.indices.map(i => Number(label.data[i]))).toEqual([classes[k], classes[k]]);
      expect(row.scores[0]).toBeGreaterThan(row.scores[1]);
      expect(row.images.at(0).data).toEqual(rows(image, row.indices[0], 1).data);
    }
  });

  test('scores are those of the model, in the order of the pictures', async () => {
    const scores = await score(model, logit('logits', 2), image, { batch: 5 });
    const { outputs } = await model.run({ image });
    (outputs.logits.toArray() as number[][]).forEach((row, i) => expect(scores[i]).toBeCloseTo(row[2], 4));
    const read = await activations(model, image, ['logits'], { batch: 5 });
    expect(read.logits.dims).toEqual([28, 14]);
    expect(Number(read.logits.data[27 * 14 + 2])).toBeCloseTo(scores[27], 4);
  });

  test('least turns the order round, and nothing is refused', async () => {
    const { rows: found } = await examples(model, logit('logits', 2), image, { count: 3, least: true });
    expect([...found[0].scores]).toEqual([...found[0].scores].sort((a, b) => a - b));
    await expect(examples(model, logit('logits', 2), [])).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: examples of no pictures; expected at least one, N×C×H×W in [0, 1]]`,
    );
  });
});

test('each cell of an activation grid excites its own place’s direction more than another’s', async () => {
  // left half black, right half a texture: two sides that differ
  const { data } = textures.draw(rng('grid'), 'zigzag').image;
  const halves = tensor(
    Float32Array.from(data as Float32Array, (value, i) => (i % 48 < 24 ? 0 : value)),
    [1, 3, 48, 48],
  );
  const grid = await activationGrid(model, 'conv3', halves, { cells: 2, steps: 24, live: false });
  expect(grid.grid).toEqual([2, 2]);
  expect(grid.images.dims).toEqual([4, 3, 48, 48]);
  const sides = (await activations(model, halves, ['conv3'])).conv3.toNumbers();
  const seen = (await activations(model, grid.images, ['conv3'])).conv3.toNumbers();
  const mean = (values: readonly number[], n: number, keep: (x: number) => boolean) =>
    Array.from({ length: 64 }, (_, c) => {
      const own = Array.from({ length: 144 }, (_, p) => p).filter(p => keep(p % 12));
      return own.reduce((sum, p) => sum + values[(n * 64 + c) * 144 + p], 0) / own.length;
    });
  const cosine = (a: readonly number[], b: readonly number[]) => {
    const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * y[i], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const [left, right] = [mean(sides, 0, x => x < 5), mean(sides, 0, x => x > 6)];
  const cells = [0, 1].map(n => mean(seen, n, () => true));
  expect(cosine(cells[0], left)).toBeGreaterThan(cosine(cells[1], left));
  expect(cosine(cells[1], right)).toBeGreaterThan(cosine(cells[0], right));
  expect(String(grid)).toBe('What textures sees at conv3: 4 pictures on 2×2 places');
});

test('an atlas lays like pictures together, and draws each cell', async () => {
  const map = await atlas(model, 'relu5', image, { cells: 2, steps: 3, least: 1, live: false, seed: 1 });
  const again = await atlas(model, 'relu5', image, { cells: 2, steps: 3, least: 1, live: false, seed: 1 });
  expect(map.images.data).toEqual(again.images.data);
  expect(map.places.length).toBeGreaterThan(1);
  expect(map.notes.map(note => parseInt(note)).reduce((a, b) => a + b)).toBe(28);
  await expect(atlas(model, 'relu5', rows(image, 0, 3))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: atlas of 3 pictures; expected twelve at least, better hundreds]`,
  );
});
