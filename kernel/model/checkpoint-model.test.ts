/** Checkpoints as folders and repositories: whole or in shards, and everything that may be wrong with them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NeuronbookError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { difference } from '../nn/testing.ts';
import { startHub } from './hub/testing-hub.ts';
import { load } from './load.ts';
import type { Model } from './model.ts';
import { checkpointFiles } from './testing-checkpoint.ts';
import { tokenizer } from './tokenizer-source.ts';

const root = mkdtempSync(join(tmpdir(), 'neuronbook-checkpoint-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Writes files into a new folder of this name. */
function lay(name: string, files: Record<string, Uint8Array | string>): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

const words = readFileSync(new URL('fixtures/tokenizers/byte-level.json', import.meta.url));
const { files, given } = await checkpointFiles('gpt2');
const sharded = (await checkpointFiles('gpt2', { shards: 3 })).files;
const logits = async (model: Model) => (await model.run({ tokens: given.inputs.tokens })).outputs.logits;

test('a folder with weights in one file, in shards, and the same in the hub', async () => {
  const whole = await load(`${lay('whole', files)}/`);
  expect(whole.name).toBe('whole');
  expect(difference(await logits(whole), given.sites.logits)).toBeLessThan(1e-4);
  const expected = await logits(whole);
  expect(await logits(await load(lay('sharded', sharded)))).toEqual(expected);

  const hub = await startHub(sharded);
  Object.keys(sharded).forEach(file => file.endsWith('.safetensors') && hub.large.add(file));
  try {
    const model = await load('hf:owner/name@v1');
    expect(model.name).toBe('name');
    expect(await logits(model)).toEqual(expected);
    process.env.HF_HUB_OFFLINE = '1';
    expect(await logits(await load('hf:owner/name@v1'))).toEqual(expected);
  } finally {
    hub.close();
  }
});

test('half precision is read as float32', async () => {
  const half = (value: number) => tensor([value], [1], 'float16').cast('float32').toNumbers()[0];
  const { openSafetensors, saveSafetensors } = await import('../base/safetensors/index.ts');
  const source = await openSafetensors(join(lay('f32', files), 'model.safetensors'));
  const folder = lay('f16', { 'config.json': files['config.json'] });
  const halves = new Map(source.names.map(name => [name, source.read(name).cast('float16')]));
  await saveSafetensors(join(folder, 'model.safetensors'), halves);
  const weight = (await load(folder)).graph.constants.get('embed.weight')!;
  expect(weight.dtype).toBe('float32');
  const original = source.read(source.names.find(name => name.endsWith('wte.weight'))!);
  expect(weight.toNumbers().slice(0, 9)).toEqual(original.toNumbers().slice(0, 9).map(half));
});

test('the picture processor travels with the model, under either name, with the labels', async () => {
  const vision = await checkpointFiles('vit');
  const { image_size: side } = vision.given.config as { image_size: number };
  const processor = {
    image_mean: [0.5, 0.4, 0.3],
    image_std: [0.2, 0.2, 0.2],
    size: { height: side, width: side },
  };
  const alone = lay('vit', { ...vision.files, 'preprocessor_config.json': JSON.stringify(processor) });
  const among = { image_processor: processor, processor_class: 'CLIPProcessor' };
  const nested = lay('vit-of-several', { ...vision.files, 'processor_config.json': JSON.stringify(among) });
  for (const folder of [alone, nested]) {
    const model = await load(folder);
    expect(model.imageInput).toMatchObject({
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.2],
      resize: [side, side],
    });
    const picture = tensor(new Float32Array(3 * 20 * 30).fill(1), [1, 3, 20, 30]);
    const image = await model.prepare(picture);
    expect(image.dims).toEqual([1, 3, side, side]);
    expect(image.toNumbers()[0]).toBeCloseTo(2.5, 5);
    expect((await model.run({ image })).outputs.logits.dims[0]).toBe(1);
  }
  expect((await load(lay('plain-vit', vision.files))).imageInput?.resize).toBeUndefined();
});

test('the tokenizer and the stop tokens travel with the model, through edits and files', async () => {
  const folder = lay('words', {
    ...files,
    'tokenizer.json': words,
    'generation_config.json': '{"eos_token_id": [0, 7]}',
  });
  const model = await load(folder);
  const ids = model.tokenizer.encode('the fox 🦊');
  expect((await tokenizer(folder)).encode('the fox 🦊')).toEqual(ids);
  expect((await tokenizer(join(folder, 'tokenizer.json'))).encode('the fox 🦊')).toEqual(ids);
  expect(model.edit([]).tokenizer).toBe(model.tokenizer);
  await model.save(join(root, 'words.onnx'));
  const saved = await load(join(root, 'words.onnx'));
  expect(saved.tokenizer.decode(ids)).toBe('the fox 🦊');
  expect(saved.graph.metadata['neuronbook.stop']).toBe('[0,7]');
  await expect(tokenizer(lay('mute', files))).rejects.toThrow(/mute holds no tokenizer\.json; convert/);
});

const index = (map: object) => JSON.stringify({ weight_map: map });

test.each<[string, Record<string, Uint8Array | string>]>([
  ['empty', {}],
  ['no weights', { 'config.json': '{}' }],
  ['cut config', { ...files, 'config.json': '{"model_type"' }],
  ['config list', { ...files, 'config.json': '[]' }],
  ['unknown type', { ...files, 'config.json': '{"model_type": "perceptron"}' }],
  ['cut weights', { ...files, 'model.safetensors': files['model.safetensors'].subarray(0, 5000) }],
  ['other weights', { ...files, 'model.safetensors': new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 123, 125]) }],
  ['no map', { ...sharded, 'model.safetensors.index.json': '{}' }],
  ['map of numbers', { ...sharded, 'model.safetensors.index.json': index({ a: 1 }) }],
  ['map outside', { ...sharded, 'model.safetensors.index.json': index({ a: '../whole/model.safetensors' }) }],
  ['map absolute', { ...sharded, 'model.safetensors.index.json': index({ a: '/etc/passwd' }) }],
  ['missing shard', { ...sharded, 'model.safetensors.index.json': index({ a: 'model-4-of-3.safetensors' }) }],
  [
    'missing tensor',
    { ...sharded, 'model.safetensors.index.json': index({ a: 'model-1-of-3.safetensors' }) },
  ],
])('refused: %s', async (name, content) => {
  const folder = lay(`refused/${name}`, content);
  const error: unknown = await load(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NeuronbookError);
  const { name: kind, message } = error as Error;
  const said = message
    .replaceAll(folder, '…')
    .replace(/(?<=unknown model type.*expected one of ).*(?=; export)/, '…');
  expect(`${kind}: ${said}`).toMatchSnapshot();
});

test('an architecture that is not known here is loaded as its ONNX file, where it has one', async () => {
  const onnx = (await load(lay('known', files))).toBytes();
  const folder = lay('unknown', {
    ...files,
    'config.json': '{"model_type": "perceptron"}',
    'model.onnx': onnx,
  });
  expect((await load(folder)).sites.has('logits')).toBe(true);
});
