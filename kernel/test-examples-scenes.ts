/**
 * What the examples in doc comments take for granted: names such as `model` and `image`, and files such as
 * `flowers.csv`. An example that needs more declares it itself.
 *
 *   everywhere       model    the bundled `zoo:textures`
 *                    image, brighter    1×3×48×48
 *                    gpt      a language model of two layers that writes letters; tokens: 4×8
 *                    coder    a transcoder of its second MLP, of 16 features; of: a weight for each of gpt's logits;
 *                    store    features of coder in a folder
 *                    why      what makes them what they are on the first row of tokens
 *                    net      x → logits (four classes), y, hidden; x, label, next, target and all of them as data
 *                    photos, acts, ids, config, checkpoint, writeFile
 *                    coin     an experiment: the arm `loaded` and its control `fair`
 *   engine/functions x, y     2×3 in a trace
 *   nn/              x        2×8×64 in a trace, with scope, inputs.mask, q, chosen
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import sharp from 'sharp';
import { Trace } from './engine/trace.ts';
import * as front from './index.ts';
import { checkpointFiles } from './model/testing-checkpoint.ts';
import { Scope } from './nn/scope.ts';
import { SizedTrace } from './nn/sized-trace.ts';

const { load, nn, rng, tensor, textures } = front;

/** One letter for each of the tokens that a tiny vocabulary has. */
const letters = (count: number) =>
  JSON.stringify({
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(
        [...Array(count).keys()].map(i => [i ? String.fromCodePoint(96 + i) : ' ', i]),
      ),
      merges: [],
    },
    added_tokens: [],
    decoder: { type: 'Fuse' },
  });

async function languageModel() {
  const { files, given } = await checkpointFiles('gpt2');
  const size = (given.config as { vocab_size: number }).vocab_size;
  files['tokenizer.json'] = new TextEncoder().encode(letters(size));
  mkdirSync('gpt2');
  for (const [name, bytes] of Object.entries(files)) writeFileSync(`gpt2/${name}`, bytes);
  const { config, checkpoint } = given;
  return { gpt: await load('gpt2/'), config, checkpoint };
}

async function classifier() {
  const draw = rng('examples');
  const [x, target] = [
    tensor(Float32Array.from({ length: 32 * 8 }, draw.normal), [32, 8]),
    tensor(new Float32Array(32), [32, 1]),
  ];
  const label = tensor(BigInt64Array.from({ length: 32 }, () => BigInt(draw.integer(4))));
  const graph = nn.network(
    {
      build({ x }, scope) {
        const hidden = nn.sequential(nn.linear('hidden', { features: 16 }), nn.relu('active'))(x, scope);
        return {
          logits: nn.linear('logits', { features: 4 })(hidden, scope),
          y: nn.linear('y', { features: 1 })(hidden, scope),
        };
      },
    },
    { inputs: { x: ['batch', 8] } },
  );
  return { net: new front.Model('net', graph), x, label, target, data: { x, label, next: label, target } };
}

const coin = front.experiment({
  question: 'Does the loaded coin fall on its head more often?',
  arms: { loaded: 'a head in 7 of 10 throws' },
  controls: { fair: 'a head in 5 of 10 throws' },
  marks: { 'share of heads': { of: own => own.heads, atLeast: 0.6, control: 'fair' } },
  run: ({ arm }) => ({ heads: arm === 'loaded' ? 0.7 : 0.5 }),
});

async function files(image: front.Tensor) {
  const { data } = await sharp(front.picture(image)).jpeg().toBuffer({ resolveWithObject: true });
  writeFileSync('cat.jpg', data);
  for (const kind of ['cats', 'dogs']) {
    mkdirSync(`photos/${kind}`, { recursive: true });
    for (const i of [1, 2]) writeFileSync(`photos/${kind}/${i}.jpg`, data);
  }
  mkdirSync('recordings');
  writeFileSync('recordings/spikes.npy', front.toNpy(tensor([0, 1, 1, 0])));
  writeFileSync('mnist.npz', front.toNpz({ images: image, labels: tensor([3n]) }));
  writeFileSync('flowers.csv', 'height,species\n1.5,iris\n0.5,daisy\n');
  writeFileSync('tales.txt', 'once upon a time there was a kernel that told tales');
  cpSync(fileURLToPath(new URL('./model/fixtures/fused-bert.onnx', import.meta.url)), 'bert.onnx');
  const database = await (await DuckDBInstance.create()).connect();
  await database.run("copy (select 'a tale' as text, 1 as label) to 'train-00000-of-00001.parquet'");
  database.closeSync();
}

/** What every example may use; writes its files into the working directory. */
export async function everywhere() {
  const model = await load('zoo:textures');
  const { image } = textures.draw(rng('tour'), 'zigzag');
  const brighter = tensor(
    image.toFloat32OrWider().map(value => value + 0.01),
    image.dims,
  );
  await files(image);
  const { gpt, config, checkpoint } = await languageModel();
  const tokens = tensor(
    BigInt64Array.from({ length: 32 }, (_, i) => BigInt(i % 16)),
    [4, 8],
  );
  const read = ['blocks.1.mlp.post'];
  const acts = await front.harvest(gpt, { tokens }, { read, to: 'acts/', live: false });
  const [from, to] = ['blocks.1.mlp.in', 'blocks.1.mlp.out'];
  const short = { features: 16, steps: 3, batch: 16, live: false };
  const coder = await front.transcoder.fit(gpt, { from, to, data: { tokens }, ...short });
  const of = Float32Array.from({ length: config.vocab_size as number }, (_, i) => Number(i === 3));
  const first = { tokens: tokens.at(0).reshape([1, 8]) };
  const why = await front.transcoder.attribute(gpt, [coder], first, { of, live: false });
  const top = await front.transcoder.topExamples(gpt, coder, { tokens }, { live: false });
  const store = await front.transcoder.storeFeatures(top, 'stored/');
  const photos = await front.imageFolder('photos/', { size: 48 });
  const ids = [...Array(64).keys()].map(i => i % 16);
  return {
    model,
    image,
    brighter,
    gpt,
    config,
    checkpoint,
    tokens,
    acts,
    coder,
    of,
    why,
    store,
    photos,
    ids,
    coin,
    writeFile,
    ...(await classifier()),
  };
}

/** Vars to apply operators to. */
export function engine() {
  const trace = new Trace();
  return { trace, x: trace.input('x', 'float32', [2, 3]), y: trace.input('y', 'float32', [2, 3]) };
}

/** What a layer is called with. */
export function layers() {
  const trace = new SizedTrace();
  const input = (name: string, ...dims: number[]) => trace.input(name, 'float32', dims);
  return {
    trace,
    x: input('x', 2, 8, 64),
    q: input('q', 2, 4, 8, 16),
    chosen: input('chosen', 2, 8),
    inputs: { mask: trace.input('mask', 'int64', [2, 8]) },
    scope: new Scope(trace, (_name, dims, init) => init(dims, rng(1))),
  };
}

/** What takes long in earnest takes few steps here. */
export const short = {
  fit: ((net, data, options) =>
    front.fit(net, data, { ...options, steps: Math.min(3, options.steps) })) as typeof front.fit,
  transcoder: {
    ...front.transcoder,
    fit: ((source, options) =>
      front.transcoder.fit(source, { ...options, steps: 3, batch: 16 })) as typeof front.transcoder.fit,
  },
  viz: {
    ...front.viz,
    feature: ((model, what, options) =>
      front.viz.feature(model, what, { ...options, steps: 2 })) as typeof front.viz.feature,
  },
};
