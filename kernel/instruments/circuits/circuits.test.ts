/** The logit lens and patching against plain loops over the model's own verbs, and where they must give nothing. */
import { describe, expect, test } from 'vitest';
import { circuits, load, names, patch, pick, rng, tensor, type Tensor } from '../../index.ts';

const model = await load('zoo:names');
const { tokens, corrupted, right } = names.prompts(rng('circuits'), 1, 'indirect');
const words = names.vocabulary.words;
const last = tokens.dims[1] - 1;
const answer = right.at(0).toNumbers().indexOf(1);

const close = (ours: ArrayLike<number>, theirs: ArrayLike<number>, by: number) => {
  expect(ours.length).toBe(theirs.length);
  let worst = 0;
  for (let i = 0; i < ours.length; i++) worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
  expect(worst).toBeLessThan(by);
};

describe('the logit lens', () => {
  test('is the network with its last stream replaced, layer by layer', async () => {
    const seen = await circuits.logitLens(model, tokens, { words });
    const blocks = seen.layers.length - 1;
    expect(seen.logits.dims).toEqual([blocks + 1, last + 1, words.length]);
    const stream = [
      'blocks.0.resid.pre',
      ...Array.from({ length: blocks }, (_, l) => `blocks.${l}.resid.post`),
    ];
    const { sites, outputs } = await model.run({ tokens }, { read: stream });
    for (const [l, name] of stream.entries()) {
      const stopped = model.edit(patch(`blocks.${blocks - 1}.resid.post`, sites[name]));
      const { logits } = (await stopped.run({ tokens })).outputs;
      close(seen.logits.at(l).toNumbers(), logits.at(0).toNumbers(), 1e-4);
    }
    // the last row is what the model says, and the first is not
    close(seen.logits.at(blocks).toNumbers(), outputs.logits.at(0).toNumbers(), 1e-4);
    const early = seen.logits.at(0).toNumbers();
    expect(
      Math.max(...early.map((value, i) => Math.abs(value - outputs.logits.toNumbers()[i]))),
    ).toBeGreaterThan(1);
  });

  test('shows the likeliest words with their probabilities', async () => {
    const { data } = (await circuits.logitLens(model, tokens, { words })).view({ top: 2 });
    const cells = data.layers.length * data.positions.length;
    expect([data.top.length, data.positions[0]]).toEqual([2 * cells, '<bos>']);
    expect(data.words[data.top[2 * (cells - 1)]]).toBe(words[answer]);
  });

  test('of several texts is refused', async () => {
    await expect(circuits.logitLens(model, tensor([1n, 2n], [2, 1]))).rejects.toThrow(
      /tokens of 2×1; expected 1×T/,
    );
  });
});

/** A plain loop: one place at a time, with one run each. */
async function slowly(
  site: string,
  place: (values: Float32Array, from: Float32Array, dims: readonly number[]) => void,
) {
  const [into, from] = await Promise.all(
    [corrupted, tokens].map(async ids => (await model.run({ tokens: ids }, { read: [site] })).sites[site]),
  );
  const data = Float32Array.from(into.toFloat32OrWider());
  place(data, from.toFloat32OrWider() as Float32Array, into.dims);
  const { outputs } = await model.edit(patch(site, tensor(data, into.dims))).run({ tokens: corrupted });
  return outputs.logits.at(0).at(last).toNumbers()[answer];
}

const said = async (ids: Tensor) =>
  (await model.run({ tokens: ids })).outputs.logits.at(0).at(last).toNumbers()[answer];

describe('patching', () => {
  const objective = pick('logits', [0, -1, answer]);
  const quiet = { words, live: false };

  test('of the residual stream is a run each', async () => {
    const { effects, scores } = await circuits.patching(
      model,
      { tokens },
      { tokens: corrupted },
      objective,
      quiet,
    );
    expect([scores.clean, scores.corrupt].map(score => +score.toFixed(3))).toEqual([
      +(await said(tokens)).toFixed(3),
      +(await said(corrupted)).toFixed(3),
    ]);
    for (const [layer, position] of [
      [0, 3],
      [1, last],
      [1, 3],
    ]) {
      const score = await slowly(`blocks.${layer}.resid.pre`, (values, from, [, , width]) =>
        values.set(from.subarray(position * width, (position + 1) * width), position * width),
      );
      const effect = effects.at(layer).at(position).toNumbers()[0];
      expect(effect).toBeCloseTo((score - scores.corrupt) / (scores.clean - scores.corrupt), 3);
    }
    // the whole stream of the first block at the word that was changed gives the clean answer back; at <bos> nothing
    const changed = tokens.toNumbers().findIndex((id, i) => id !== corrupted.toNumbers()[i]);
    expect(effects.at(0).at(changed).toNumbers()[0]).toBeCloseTo(1, 2);
    expect(Math.abs(effects.at(0).at(0).toNumbers()[0])).toBeLessThan(1e-4);
  });

  test('goes head by head where a site has heads', async () => {
    const options = { ...quiet, sites: ['attn.z'] };
    const made = await circuits.patching(model, { tokens }, { tokens: corrupted }, objective, options);
    const heads = made.parts.length;
    expect(heads).toBeGreaterThan(1);
    const [layer, head] = [1, heads - 1];
    const score = await slowly(`blocks.${layer}.attn.z`, (values, from, [, , count, width]) => {
      const start = (last * count + head) * width;
      values.set(from.subarray(start, start + width), start);
    });
    const { clean, corrupt } = made.scores;
    expect(made.effects.at(layer).at(last).toNumbers()[head]).toBeCloseTo(
      (score - corrupt) / (clean - corrupt),
      3,
    );
    expect(made.view().data.parts).toEqual(made.parts);
  });

  test('of two prompts that score alike is refused', async () => {
    await expect(circuits.patching(model, { tokens }, { tokens }, objective, quiet)).rejects.toThrow(
      /both prompts score .* by pick\('logits'/,
    );
  });

  test('names the nearest site', async () => {
    const options = { ...quiet, sites: ['resid.prae'] };
    await expect(
      circuits.patching(model, { tokens }, { tokens: corrupted }, objective, options),
    ).rejects.toThrow(/resid\.pre/);
  });
});
