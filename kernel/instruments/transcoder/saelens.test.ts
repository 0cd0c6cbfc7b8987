/**
 * Files exchanged with SAELens 6.54.12: what it wrote (`fixtures/saelens.py`) computes here what it computed there, and
 * is written again as it was. That it reads what we write is checked by the same script: `saelens.py --check FOLDER`,
 * on the folder that TRANSCODER_FILES names.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openSafetensors, saveSafetensors } from '../../base/safetensors/index.ts';
import { rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Architecture } from './architecture.ts';
import { batchTopK, gated, jumpRelu, matryoshka, relu, topK } from './architectures/index.ts';
import { firstWeights, type Coder } from './coder.ts';
import { load, save } from './saelens.ts';
import { Transcoder } from './transcoder.ts';

const folder = fileURLToPath(new URL('./fixtures/saelens', import.meta.url));
const { rows, x, coders } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  rows: number;
  x: number[];
  coders: Record<string, { z: number[]; y: number[] }>;
};
const input = new Tensor('float32', [rows, x.length / rows], Float32Array.from(x));

const kept = process.env.TRANSCODER_FILES;
const root = kept ?? mkdtempSync(join(tmpdir(), 'neuronbook-coders-'));
afterAll(() => kept ?? rmSync(root, { recursive: true }));

const off = (a: ArrayLike<number>, b: readonly number[]) =>
  Math.max(...b.map((value, i) => Math.abs(value - a[i])));

const config = (path: string) =>
  JSON.parse(readFileSync(join(path, 'cfg.json'), 'utf8')) as Record<string, unknown>;

async function tensorsIn(
  path: string,
): Promise<Record<string, { dims: readonly number[]; values: number[] }>> {
  const file = await openSafetensors(join(path, 'sae_weights.safetensors'));
  const all = file.names.map(name => [name, file.read(name)] as const);
  file.close();
  return Object.fromEntries(
    all.map(([name, tensor]) => [name, { dims: tensor.dims, values: tensor.toNumbers() }]),
  );
}

/** A coder of SAELens 6 under a description as SAELens wrote it before. */
function older(name: string, fields: object, changed: Record<string, Float32Array> = {}): Promise<string> {
  const [from, to] = [join(folder, name), join(root, `older ${name} ${JSON.stringify(fields).length}`)];
  const before = { d_in: 6, d_sae: 8, dtype: 'float32', model_name: 'gpt2-small', ...fields };
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'cfg.json'), JSON.stringify(before));
  return tensorsIn(from).then(async tensors => {
    const all = Object.entries(tensors).map(([key, { dims, values }]) => [
      key,
      new Tensor('float32', dims, Float32Array.from(values)),
    ]);
    const more = Object.entries(changed).map(([key, data]) => [
      key,
      new Tensor('float32', [data.length], data),
    ]);
    await saveSafetensors(
      join(to, 'sae_weights.safetensors'),
      new Map([...all, ...more] as [string, Tensor][]),
    );
    return to;
  });
}

describe('as SAELens wrote it before version 6', () => {
  const hook = { hook_point: 'blocks.3.hook_resid_pre', hook_point_layer: 3 };
  const k = { activation_fn_kwargs: { k: 3 } };
  test.each([
    ['standard', { ...hook, activation_fn_str: 'relu', normalize_activations: false }],
    ['standard', { ...hook, architecture: 'standard', activation_fn: 'relu', normalize_activations: null }],
    ['topk', { ...hook, activation_fn_str: 'topk', ...k }],
    ['topk', { ...hook, architecture: 'standard', activation_fn: 'topk', ...k, sae_lens_version: '4.1.0' }],
    ['gated', { ...hook, architecture: 'gated' }],
  ])('%s', async (name, fields) => {
    const t = await load(await older(name, fields, { scaling_factor: new Float32Array(8).fill(1) }));
    expect([t.from, t.to]).toEqual([['blocks.3.hook_resid_pre'], ['blocks.3.hook_resid_pre']]);
    expect(off((await t.reconstruct(input)).data as Float32Array, coders[name].y)).toBeLessThan(1e-5);
  });

  test('a factor for each feature is refused', async () => {
    const path = await older('standard', hook, { scaling_factor: new Float32Array(8).fill(1.5) });
    await expect(load(path)).rejects.toThrow(
      `${path} scales its features one by one (scaling_factor has 1.5), as SAELens did before version 6; ` +
        'expected 1 all over: multiply the rows of W_dec by them and leave them out',
    );
  });
});

describe.each(Object.entries(coders))('%s of SAELens', (name, expected) => {
  test('computes here what it computed there', async () => {
    const t = await load(join(folder, name));
    expect(t.from).toEqual(['blocks.0.hook_mlp_in']);
    expect(t.to).toEqual(name.includes('transcoder') ? ['blocks.0.hook_mlp_out'] : t.from);
    const z = await t.encode(input);
    expect(off(z.data as Float32Array, expected.z)).toBeLessThan(1e-5);
    expect(expected.z.some(value => value > 0) && expected.z.some(value => value === 0)).toBe(true);
    expect(off((await t.decode(z, input)).data as Float32Array, expected.y)).toBeLessThan(1e-5);
    expect(off((await t.reconstruct(input)).data as Float32Array, expected.y)).toBeLessThan(1e-5);
    t.dispose();
  });

  test('is written as it was', async () => {
    const to = join(root, name);
    await save(await load(join(folder, name)), to, { training: true });
    const [theirs, ours] = [config(join(folder, name)), config(to)];
    const compared = [
      'architecture',
      'd_in',
      'd_sae',
      'd_out',
      'k',
      'apply_b_dec_to_input',
      'matryoshka_widths',
    ];
    for (const field of compared) expect(ours[field], field).toEqual(theirs[field]);
    const [wanted, got] = [await tensorsIn(join(folder, name)), await tensorsIn(to)];
    expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
    for (const [tensor, { dims, values }] of Object.entries(wanted)) {
      expect(got[tensor].dims, tensor).toEqual(dims);
      // norms that were to be folded in are
      if (name !== 'topk_rescaled') expect(off(got[tensor].values, values), tensor).toBeLessThan(1e-6);
    }
  });
});

/** One of ours between sites of 6 and 5 channels, or of one site of 6, with weights that are nowhere special. */
function made(
  architecture: Architecture,
  { autoencodes = false, skip = false, crossed = false } = {},
): Transcoder {
  const outputs = crossed ? [2, 3] : autoencodes ? [6] : [5];
  const coder: Coder = {
    architecture,
    inputs: crossed ? [4, 2] : [6],
    outputs,
    features: 8,
    centre: autoencodes ? 'b_dec' : 'b_in',
    skip,
  };
  const random = rng(String(architecture));
  const weights = Object.fromEntries(
    Object.entries(firstWeights(coder, 3)).map(([name, { dims, data }]) => [
      name,
      new Tensor(
        'float32',
        dims,
        (data as Float32Array).map(value => value + 0.3 * random.normal()),
      ),
    ]),
  );
  const [from, to] = crossed
    ? [
        ['a', 'b'],
        ['c', 'd'],
      ]
    : [['a'], [autoencodes ? 'a' : 'b']];
  return new Transcoder({ coder, weights, from, to });
}

const ours: Record<string, [Transcoder, string]> = {
  relu: [made(relu(), { autoencodes: true }), 'standard'],
  topK: [made(topK({ k: 3 }), { autoencodes: true }), 'topk'],
  batchTopK: [made(batchTopK({ k: 3 }), { autoencodes: true }), 'jumprelu'],
  matryoshka: [made(matryoshka({ k: 3 }), { autoencodes: true }), 'jumprelu'],
  jumpRelu: [made(jumpRelu(), { autoencodes: true }), 'jumprelu'],
  gated: [made(gated(), { autoencodes: true }), 'gated'],
  'relu between': [made(relu()), 'transcoder'],
  'relu skip': [made(relu(), { skip: true }), 'skip_transcoder'],
  'jumpRelu between': [made(jumpRelu()), 'jumprelu_transcoder'],
  'batchTopK skip': [made(batchTopK({ k: 3 }), { skip: true }), 'jumprelu_skip_transcoder'],
  'topK between': [made(topK({ k: 3 })), 'neuronbook_topK'],
  'gated between': [made(gated(), { skip: true }), 'neuronbook_gated'],
  'matryoshka crossed': [
    made(matryoshka({ k: 3, prefixes: [2, 5] }), { crossed: true }),
    'neuronbook_matryoshka',
  ],
};

describe('a coder of ours', () => {
  test.each(Object.entries(ours))('%s reads again as it was written', async (name, [t, architecture]) => {
    const path = join(root, `ours ${name}`);
    await save(t, path, { metadata: { model_name: 'small' } });
    expect(config(path)).toMatchObject({ architecture, metadata: { model_name: 'small', hook_name: 'a' } });
    const again = await load(path);
    expect([again.from, again.to]).toEqual([t.from, t.to]);
    const [z, wanted] = [await again.encode(input), await t.encode(input)];
    expect(off(z.data as Float32Array, wanted.toNumbers())).toBeLessThan(1e-5);
    const y = (await t.reconstruct(input)).toNumbers();
    expect(off((await again.reconstruct(input)).data as Float32Array, y)).toBeLessThan(1e-5);
    if (architecture.startsWith('neuronbook')) expect(String(again)).toBe(String(t));
  });

  test('all of them, for SAELens to check', async () => {
    const readable = Object.entries(ours).filter(
      ([, [, architecture]]) => !architecture.startsWith('neuronbook'),
    );
    const computed = await Promise.all(
      readable.map(async ([name, [t]]) => [
        `ours ${name}`,
        { z: (await t.encode(input)).toNumbers(), y: (await t.reconstruct(input)).toNumbers() },
      ]),
    );
    expect(computed).toHaveLength(10);
    const expected = { rows, x, coders: { ...coders, ...Object.fromEntries(computed) } };
    writeFileSync(join(root, 'expected.json'), JSON.stringify(expected));
  });

  test('broken files say what is wrong', async () => {
    const path = join(root, 'broken');
    await save(ours.topK[0], path);
    const cfg = join(path, 'cfg.json');
    const text = readFileSync(cfg, 'utf8');
    for (const [broken, why] of [
      [text.slice(0, 50), /cfg.json is no JSON/],
      ['[]', /cfg.json describes no coder; expected d_in and d_sae, as SAELens writes them/],
      [
        text.replace('"topk"', '"temporal"'),
        /unknown architecture in .*: temporal; expected one of standard/,
      ],
      [text.replace('"none"', '"layer_norm"'), /normalize_activations in .* is layer_norm; expected none/],
      [text.replace('"d_sae": 8', '"d_sae": 9'), /W_enc has 48 values; expected 54 for 6×9/],
    ] as const) {
      writeFileSync(cfg, broken);
      await expect(load(path)).rejects.toThrow(why);
    }
    await expect(load(join(root, 'nowhere'))).rejects.toThrow(/there is no such file/);
  });
});
