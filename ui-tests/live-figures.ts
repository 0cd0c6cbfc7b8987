/** Two live figures, and what the networks themselves give at some settings of their controls. */
import { ablate, copying, figure, load, ops, rng, steer, tensor, textures } from 'neuronbook';
import { cell, notebook } from './notebooks.ts';

type Bundle = Record<string, unknown>;

/** What a page is asked, and what the kernel's own network answers: value by drawing. */
export interface Asked {
  /** Control → what a person sets it to. */
  settings: Record<string, string | number>;
  expected: number[][];
}

export interface TestFigure {
  bundle: Bundle;
  size: number;
  asked: Asked;
}

const bundleOf = (value: object): Bundle =>
  (value as Record<symbol, () => Bundle>)[Symbol.for('Jupyter.display')]();

const softmax = (scores: readonly number[]): number[] => {
  const largest = Math.max(...scores);
  const parts = scores.map(score => Math.exp(score - largest));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map(part => part / sum);
};

/** A picture, a direction to push it in, and a channel to silence: the probabilities, and where a channel fires. */
async function melons(): Promise<TestFigure> {
  const model = await load('zoo:textures');
  const draw = (kind: 'melon' | 'ball' | 'zigzag') => {
    const { image } = textures.draw(rng(`figure ${kind}`), kind);
    // the eight bits that a page keeps of a picture
    return tensor(
      image.toFloat32OrWider().map(value => Math.round(255 * value) / 255),
      image.dims,
    );
  };
  const [melon, ball, zigzag] = [draw('melon'), draw('ball'), draw('zigzag')];
  const read = async (image: typeof melon) =>
    (await model.run({ image }, { read: ['conv4'], outputs: [] })).sites.conv4.toNumbers();
  const [towards, away] = [await read(melon), await read(ball)];
  const channels = model.sites.get('conv4').shape![1] as number;
  const area = towards.length / channels;
  const mean = (list: readonly number[], c: number) =>
    list.slice(c * area, (c + 1) * area).reduce((sum, value) => sum + value / area, 0);
  const direction = Array.from({ length: channels }, (_, c) => mean(towards, c) - mean(away, c));
  const made = await figure.live(
    model,
    { image: melon },
    {
      picture: figure.pictures('image', { melon, ball, zigzag }),
      strength: figure.steer('conv4', direction, { min: -3, max: 3 }),
      silenced: figure.ablate('conv3'),
    },
    [
      figure.bars(at => ops.softmax(at('logits')), {
        labels: textures.classes,
        title: 'What it is',
        y: 'probability',
        range: [0, 1],
      }),
      figure.picture(at => ops.reduceMean(at('relu4'), [0, 1]), { title: 'Where layer 4 fires' }),
    ],
    { title: 'A melon, pushed towards a ball' },
  );
  const settings = { picture: 'ball', strength: 1.5, silenced: 'channel 7' };
  const { outputs, sites } = await model
    .edit(ablate('conv3', { channels: [7] }), steer('conv4', direction, 1.5))
    .run({ image: ball }, { read: ['relu4'] });
  const fired = sites.relu4.toNumbers();
  const map = Array.from({ length: area }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += fired[c * area + i];
    return sum / channels;
  });
  return {
    bundle: bundleOf(made),
    size: made.size,
    asked: { settings, expected: [softmax(outputs.logits.toNumbers()), map] },
  };
}

/** A text that repeats, a head to silence: what comes next, and how sure the network was of each letter. */
async function letters(): Promise<TestFigure> {
  const model = await load('zoo:induction');
  const { words } = copying.vocabulary;
  const tokens = copying.batch(rng('figure'), 1, { lags: [7] }).tokens;
  const numbers = tokens.at(0).toNumbers().slice(0, 24);
  const text = (list: readonly number[]) => list.map(id => words[id]).join(' ');
  const most = numbers.length;
  const given = tensor(BigInt64Array.from(numbers, BigInt), [1, most]);
  const made = await figure.live(
    model,
    { tokens: given },
    {
      text: figure.words('tokens', { words, before: ['<bos>'], value: text(numbers.slice(1)) }),
      head: figure.ablate('blocks.0.attn.z', { axis: 2, what: 'head' }),
    },
    [
      figure.bars((at, control) => ops.softmax(ops.gather(at('logits'), control('text'), 1)), {
        labels: words,
        title: 'What comes next',
        y: 'probability',
        range: [0, 1],
      }),
      figure.heatmap(at => ops.reduceMax(at('blocks.1.attn.pattern'), [0, 1]), {
        title: 'Where the heads of layer 1 look',
        rows: 'text',
        columns: 'text',
        range: [0, 1],
      }),
    ],
    { title: 'Letters that repeat' },
  );
  const shorter = numbers.slice(1, -5);
  const settings = { text: text(shorter), head: 'head 2' };
  const edited = model.edit(ablate('blocks.0.attn.z', { axis: 2, channels: [2] }));
  const [count, padded] = [shorter.length + 1, new BigInt64Array(most)];
  [numbers[0], ...shorter].forEach((id, i) => (padded[i] = BigInt(id)));
  const { outputs, sites } = await edited.run(
    { tokens: tensor(padded, [1, most]) },
    { read: ['blocks.1.attn.pattern'] },
  );
  const logits = outputs.logits
    .at(0)
    .at(count - 1)
    .toNumbers();
  const patterns = sites['blocks.1.attn.pattern'].at(0);
  const heads = Array.from({ length: patterns.dims[0] }, (_, h) => patterns.at(h).toNumbers());
  const most4 = heads[0].map((_, i) => Math.max(...heads.map(head => head[i])));
  return { bundle: bundleOf(made), size: made.size, asked: { settings, expected: [softmax(logits), most4] } };
}

export async function liveFigures() {
  const figures = { textures: await melons(), induction: await letters() };
  return {
    figures,
    notebook: notebook(
      ...Object.entries(figures).map(([name, { bundle }]) => cell(`figure.live(${name}, …)`, bundle)),
    ),
  };
}
