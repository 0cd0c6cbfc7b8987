/** Live figures: the graph that travels gives what the edited network gives, and no more of it travels than is needed. */
import { describe, expect, test } from 'vitest';
import { fromBase64 } from '../../base/base64.ts';
import { tensor, Tensor } from '../../base/tensor.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { unpack } from '../../display/packed.ts';
import { NEURONBOOK_MIME } from '../../display/payload.ts';
import { feedsOf, problem, type LiveValues } from '../../display/views/live.ts';
import { ablate, copying, figure, load, ops, rng, steer, textures } from '../../index.ts';
import { compile } from '../../engine/compile.ts';
import { decode } from '../../onnx/decode.ts';

const model = await load('zoo:textures');
const melon = textures.draw(rng('live'), 'melon').image;
const ball = textures.draw(rng('live'), 'ball').image;
const direction = Array.from({ length: 128 }, (_, i) => Math.sin(i));
const logits = figure.bars('logits', { labels: textures.classes });
const exact = { tolerance: 0 };

/** What a page would compute for these values. */
async function recomputed({ payload }: figure.LiveFigure, values: LiveValues = {}) {
  const { graph, controls } = payload.data;
  const begun = Object.fromEntries(Object.entries(controls).map(([name, { value }]) => [name, value]));
  const feeds = feedsOf(controls, { ...begun, ...values });
  const program = await compile(decode(fromBase64(graph.bytes)));
  const results = await program.run(
    Object.fromEntries(
      program.inputs.map(({ name }) => [
        name,
        new Tensor(feeds[name].dtype, feeds[name].dims, feeds[name].data),
      ]),
    ),
  );
  return payload.data.drawings.map(({ output }) => results[output].toNumbers());
}

const worst = (ours: readonly number[], theirs: readonly number[]) => {
  expect(ours.length).toBe(theirs.length);
  return Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]))) / Math.max(...theirs.map(Math.abs));
};

describe('what is computed is what the edited network computes', () => {
  test('steered', async () => {
    const made = await figure.live(model, { image: melon }, { by: figure.steer('conv5', direction) }, logits);
    for (const strength of [0, -4, 2.5]) {
      const edited = model.edit(steer('conv5', direction, strength));
      const { outputs } = await edited.run({ image: melon });
      const [ours] = await recomputed(made, { by: strength });
      expect(worst(ours, outputs.logits.toNumbers())).toBeLessThan(1e-4);
    }
    expect(worst((await recomputed(made, { by: 4 }))[0], (await recomputed(made))[0])).toBeGreaterThan(0.01);
  });

  test('one channel silenced, of another picture', async () => {
    const made = await figure.live(
      model,
      { image: melon },
      { gone: figure.ablate('conv3'), picture: figure.pictures('image', { melon, ball }) },
      figure.bars(at => ops.softmax(at('logits')), { labels: textures.classes }),
    );
    const seen = unpack((made.payload.data.controls.picture as unknown as { pictures: never[] }).pictures[1]);
    const { outputs } = await model
      .edit(ablate('conv3', { channels: [7] }))
      .run({ image: tensor(seen, [1, 3, 48, 48]) });
    const scores = outputs.logits.toNumbers().map(Math.exp);
    const sum = scores.reduce((total, score) => total + score, 0);
    const [ours] = await recomputed(made, { gone: 'channel 7', picture: 'ball' });
    expect(
      worst(
        ours,
        scores.map(score => score / sum),
      ),
    ).toBeLessThan(1e-4);
  });

  test('a threshold, and a number that only a view reads', async () => {
    const made = await figure.live(
      model,
      { image: melon },
      {
        least: figure.threshold('relu3', { min: 0, max: 100 }),
        times: figure.slider({ min: 0, max: 3, value: 2 }),
      },
      [logits, figure.lines((at, control) => ops.mul(at('logits'), control('times')), { x: 'class' })],
    );
    const [plain, doubled] = await recomputed(made);
    expect(
      worst(
        doubled,
        plain.map(value => 2 * value),
      ),
    ).toBeLessThan(1e-6);
    const silent = await model.edit(ablate('relu3')).run({ image: melon });
    const [none] = await recomputed(made, { least: 100 });
    expect(worst(none, silent.outputs.logits.toNumbers())).toBeLessThan(1e-4);
  });
});

describe('no more travels than is needed', () => {
  const weights = [...model.graph.constants.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  const seen = { picture: figure.pictures('image', { melon, ball }) };

  test('what no control changes is folded away, with the weights behind it', async () => {
    const late = await figure.live(
      model,
      { image: melon },
      { by: figure.steer('conv5', direction) },
      logits,
      exact,
    );
    expect(late.size).toBeLessThan(0.1 * weights);
    // the control: where the picture may change, all of the network is needed
    const whole = await figure.live(model, { image: melon }, seen, logits, exact);
    expect(whole.size).toBeGreaterThan(0.95 * weights);
  });

  test('what no view reads is cut away', async () => {
    const early = await figure.live(
      model,
      { image: melon },
      seen,
      figure.picture(at => ops.reduceMean(at('conv2'), [0, 1])),
      exact,
    );
    expect(early.size).toBeLessThan(0.1 * weights);
  });

  test('weights are halved where the tolerance allows, and the change is measured', async () => {
    const whole = await figure.live(model, { image: melon }, seen, logits, exact);
    const half = await figure.live(model, { image: melon }, seen, logits, { tolerance: 1e-2 });
    expect(half.size).toBeLessThan(0.55 * whole.size);
    expect(half.toString()).toMatch(
      /graph of 0\.39 MB, \d+ nodes, 14 million multiply-adds, weights rounded: values differ by 0\.0\d+ %/,
    );
    const gap = worst(
      (await recomputed(half, { picture: 'ball' }))[0],
      (await recomputed(whole, { picture: 'ball' }))[0],
    );
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(1e-2);
    expect(whole.toString()).not.toContain('rounded');
  });

  test('one that is too large is refused, and why', async () => {
    await expect(figure.live(model, { image: melon }, seen, logits, { limit: 1e5 })).rejects.toThrow(
      /^the figure's graph is 0\.\d+ MB; expected at most 0\.10 MB: its largest weight, .+, has 110592 numbers; show an earlier site/,
    );
  });
});

describe('texts', () => {
  const { words } = copying.vocabulary;
  const numbers = copying
    .batch(rng('live'), 1, { lags: [5] })
    .tokens.at(0)
    .toNumbers()
    .slice(0, 16);
  const say = (list: readonly number[]) => list.map(id => words[id]).join(' ');
  const given = tensor(BigInt64Array.from(numbers, BigInt), [1, 16]);
  const text = figure.words('tokens', { words, before: ['<bos>'], value: say(numbers.slice(1)) });

  test('may be shorter where the network does not look ahead', async () => {
    const induction = await load('zoo:induction');
    const next = figure.bars((at, control) => ops.gather(at('logits'), control('text'), 1), {
      labels: words,
    });
    const made = await figure.live(induction, { tokens: given }, { text }, next);
    const { outputs } = await induction.run({
      tokens: tensor(BigInt64Array.from(numbers.slice(0, 10), BigInt), [1, 10]),
    });
    const [ours] = await recomputed(made, { text: say(numbers.slice(1, 10)) });
    expect(worst(ours, outputs.logits.at(0).at(9).toNumbers())).toBeLessThan(1e-3);
    expect(() => feedsOf(made.payload.data.controls, { text: 'ba zzz' })).toThrow(
      /^no word "zzz"; known are <bos>, ba/,
    );
    expect(() => feedsOf(made.payload.data.controls, { text: Array(20).fill('ba').join(' ') })).toThrow(
      '21 words; expected 1 to 16',
    );
    // the control: a view of what lies ahead keeps the text's length
    const last = figure.bars(at => ops.slice(at('logits'), [15], [16], [1]), { labels: words });
    const fixed = await figure.live(induction, { tokens: given }, { text }, last);
    expect(fixed.payload.data.controls.text).toMatchObject({ fixed: true });
    expect(() => feedsOf(fixed.payload.data.controls, { text: 'ba' })).toThrow('2 words; expected 16');
  });
});

describe('what is shown', () => {
  test('a payload that its own validator takes, pictures and words for everyone else', async () => {
    const made = await figure.live(model, { image: melon }, { by: figure.steer('conv5', direction) }, [
      figure.bars('logits', { labels: textures.classes, title: 'Scores' }),
      figure.tokens('logits', { words: textures.classes, unit: 'logit' }),
    ]);
    const bundle = made[displaySymbol]();
    const payload = JSON.parse(JSON.stringify(bundle[NEURONBOOK_MIME])) as typeof made.payload;
    expect(problem(payload.data)).toBeUndefined();
    expect(bundle['text/plain']).toMatch(/^live figure: by; graph of/);
    expect(bundle['image/svg+xml']).toContain('Scores');
    expect(bundle['text/html']).not.toContain('<script');
  });

  test.each([
    [
      'a control that changes nothing',
      { by: figure.steer('conv5', direction) },
      figure.lines(at => ops.reduceMean(at('conv2'), [2, 3])),
      'the control by changes nothing that is shown',
    ],
    ['a site that is not there', { by: figure.steer('conv6', direction) }, logits, 'unknown site: conv6'],
    [
      'a direction that does not fit',
      { by: figure.steer('conv5', [1, 2]) },
      logits,
      'direction of 2 numbers at conv5; expected 128',
    ],
    [
      'an input that is not there',
      { by: figure.pictures('picture', { melon }) },
      logits,
      'unknown input: picture',
    ],
    [
      'a text control that is not there',
      { by: figure.steer('conv5', direction) },
      figure.tokens('logits', { words: 'text' }),
      'unknown text control: text',
    ],
    [
      'a view that does not suit its value',
      { by: figure.steer('conv5', direction) },
      figure.bars('conv5', { labels: ['a'] }),
      'bars of shown.0 are drawn from 1 dims',
    ],
  ])('%s is an error', async (_, controls, view, message) => {
    await expect(figure.live(model, { image: melon }, controls as never, view)).rejects.toThrow(message);
  });
});

describe('what is no figure is not drawn', () => {
  type Loose = Record<string, unknown>;
  const made = figure.live(
    model,
    { image: melon },
    { by: figure.steer('conv5', direction), gone: figure.ablate('relu5') },
    logits,
  );
  const spoiled = async (change: (data: Record<string, Loose & Loose[]>) => unknown) => {
    const data = structuredClone((await made).payload.data) as never;
    change(data);
    return problem(data);
  };
  test.each<[string, (data: Record<string, Loose & Loose[]>) => unknown, string]>([
    ['a graph that is no text', data => (data.graph.bytes = 5), 'data.graph is no file'],
    ['markup in place of a graph', data => (data.graph.bytes = '<script>'), 'data.graph is no file'],
    [
      'a graph beyond the limit',
      data => (data.graph.bytes = 'A'.repeat(5e7)),
      'data.graph has 38 MB; at most 32 MB are run in a page',
    ],
    [
      'a control of another kind',
      data => ((data.controls.by as Loose).kind = 'eval'),
      'data.controls.by is of kind "eval"',
    ],
    [
      'a slider without end',
      data => ((data.controls.by as Loose).max = Infinity),
      'data.controls.by is no slider',
    ],
    [
      'a choice that counts from nowhere',
      data => ((data.controls.gone as Loose).first = 0.5),
      'data.controls.gone does not say where it counts from',
    ],
    [
      'a drawing of another kind',
      data => (data.drawings[0].kind = '__proto__'),
      'data.drawings[0] is of kind "__proto__"',
    ],
    ['labels that are none', data => (data.drawings[0].labels = [1]), 'data.drawings[0] is no bars'],
    [
      'labels of a control that has no words',
      data => (data.drawings[0].labels = { control: 'by' }),
      'data.drawings[0] is no bars',
    ],
    ['values too few', data => (data.values = [] as never), 'data.values is not one array a drawing'],
    [
      'values that claim more',
      data => (data.values[0].dims = [1e9]),
      'data.values[0] has 1000000000 values; at most 16777216 are drawn',
    ],
  ])('%s', async (_, change, sentence) => expect(await spoiled(change)).toBe(sentence));
});
