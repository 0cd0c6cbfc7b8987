/**
 * Every architecture against the reference implementation: logits and every hidden state of a tiny checkpoint agree
 * to 10⁻⁴, weights arrive complete, and text is written alike with a cache of keys and values.
 */
import { describe, expect, test } from 'vitest';
import { built, difference, fixture, greedy, read, slopes } from '../testing.ts';
import { gpt2 } from './gpt2.ts';
import { architectureOf, cachedForm, weightsFrom } from './registry.ts';

const causal = ['gpt2', 'neox', 'llama', 'mistral', 'qwen2', 'qwen3'];
const all = [...causal, 'bert', 'vit', 'clip', 'resnet', 'resnet_basic', 'mixer'];

describe.each(all)('%s', name => {
  test('hidden states and outputs are those of the reference', async () => {
    const given = await fixture(name);
    const { graph } = built(given);
    const names = Object.keys(given.sites);
    expect(names.length).toBeGreaterThan(20);
    const received = await read(graph, given.inputs, names);
    const off = names
      .map(site => ({ site, by: difference(received[site], given.sites[site]) }))
      .filter(({ by }) => !(by < 1e-4));
    expect(off).toEqual([]);
  });

  test('every weight of the checkpoint is used, and no parameter keeps its first value', async () => {
    const given = await fixture(name);
    const { architecture, graph } = built(given);
    const sources = architecture.sources(given.checkpoint);
    const parameters = JSON.parse(graph.metadata['neuronbook.parameters']) as string[];
    expect(parameters.filter(parameter => !sources[parameter])).toEqual([]);
    const used = new Set(Object.values(sources).flatMap(({ from }) => from));
    expect(given.checkpoint.names.filter(key => !used.has(key) && !unused.test(key))).toEqual([]);
  });
});

describe.each(all)('%s', name => {
  test('gradients reach every parameter and agree with differences', async () => {
    const given = await fixture(name);
    const { gradient, differences, zeros } = await slopes(
      built(given).graph,
      given.inputs,
      // short, so that few ReLUs turn on the way
      name.startsWith('resnet') ? 2 ** -9 : undefined,
    );
    expect(zeros).toEqual([]);
    expect(Math.abs(gradient - differences) / Math.abs(differences)).toBeLessThan(1e-2);
  });
});

/** Counters and tables that follow from the configuration. */
const unused = /num_batches_tracked|position_ids|rotary_emb|attn\.bias$|predictions\.decoder/;

describe.each(causal)('%s', name => {
  test('20 greedy tokens with a cache are those of the reference', async () => {
    const given = await fixture(name);
    const { graph } = built(given);
    const prompt = given.inputs.tokens.at(0).toNumbers();
    const written = await greedy(cachedForm(graph)!, prompt, 20);
    expect([...prompt, ...written]).toEqual(given.inputs.written.toNumbers());
  });
});

test('the decoding form shares its weights, and says how its sizes follow', () => {
  const graph = gpt2({ vocabulary: 20, context: 8, width: 8, layers: 1, heads: 2 });
  const form = cachedForm(graph)!;
  for (const [name, value] of graph.constants)
    if (name.endsWith('weight')) expect(form.constants.get(name)).toBe(value);
  expect(form.inputs.map(({ name, dims }) => `${name} ${dims!.join('×')}`)).toEqual([
    'tokens batch×position',
    'past.0.key batch×2×past×4',
    'past.0.value batch×2×past×4',
  ]);
  expect(form.outputs.map(({ name, dims }) => `${name} ${dims!.join('×')}`)).toEqual([
    'logits batch×position×20',
    'present.0.key batch×2×position+past×4',
    'present.0.value batch×2×position+past×4',
  ]);
});

test('a graph that was edited has no decoding form, nor has one from elsewhere', () => {
  const graph = gpt2({ vocabulary: 20, context: 8, width: 8, layers: 1, heads: 2 });
  const edited = {
    ...graph,
    nodes: graph.nodes.map(node => (node.op === 'Gelu' ? { ...node, op: 'Relu' } : node)),
  };
  expect(cachedForm(edited)).toBeUndefined();
  expect(cachedForm({ ...graph, metadata: {} })).toBeUndefined();
});

test('without MLPs a block is attention alone', () => {
  const graph = gpt2({ vocabulary: 20, context: 8, width: 8, layers: 2, heads: 2, hidden: 0 });
  const names = Object.keys(JSON.parse(graph.metadata['neuronbook.sites']) as object);
  expect(names.filter(name => name.startsWith('blocks.1.')).map(name => name.slice(9))).toEqual(
    'resid.pre ln1.normalized ln1 attn.q attn.k attn.v attn.scores attn.pattern attn.z attn.out resid.post'.split(
      ' ',
    ),
  );
});

test('a checkpoint may leave out the prefix, or spell gains and offsets as the first ones did', async () => {
  const spellings: [string, (name: string) => string][] = [
    ['gpt2', name => name.replace('transformer.', '')],
    [
      'bert',
      name =>
        name.replace(
          /LayerNorm\.(weight|bias)$/,
          (_, kind) => `LayerNorm.${kind === 'bias' ? 'beta' : 'gamma'}`,
        ),
    ],
  ];
  for (const [name, spell] of spellings) {
    const given = await fixture(name);
    const back = new Map(given.checkpoint.names.map(key => [spell(key), key]));
    const checkpoint = {
      names: [...back.keys()],
      has: (key: string) => back.has(key),
      read: (key: string) => given.checkpoint.read(back.get(key)!),
    };
    const [graph, other] = [built(given).graph, built({ ...given, checkpoint }).graph];
    expect([...back.keys()]).not.toEqual(given.checkpoint.names);
    for (const [key, value] of graph.constants) expect(other.constants.get(key)!.data).toEqual(value.data);
  }
});

test('what cannot be built is said', async () => {
  expect(() => architectureOf({ model_type: 'mamba' })).toThrow(
    'unknown model type: mamba; expected one of bert, clip, gpt2, gpt_neox, llama, mistral, mixer, qwen2, qwen3, resnet, vit; ' +
      'export the model to ONNX and load that file',
  );
  expect(() => architectureOf({ model_type: 'llama', rope_scaling: { rope_type: 'axial' } })).toThrow(
    'unsupported rotary scaling: axial; expected default, linear, dynamic, llama3, yarn, longrope',
  );
  expect(() => architectureOf({ model_type: 'constructor' })).toThrow(
    'unknown model type: constructor; expected',
  );
  const { config, checkpoint } = await fixture('gpt2');
  const architecture = architectureOf(config);
  const lacking = { ...checkpoint, has: (name: string) => checkpoint.has(name) && !name.includes('c_fc') };
  expect(() => architecture.network({ weights: weightsFrom(architecture, lacking) })).toThrow(
    'the checkpoint lacks transformer.h.0.mlp.c_fc.weight, from which blocks.0.mlp.pre.weight of gpt2 is made; ' +
      'is it complete, and is config.json its own?',
  );
});

test.each([
  [
    'gpt2',
    { add_cross_attention: true },
    'unsupported in config.json: add_cross_attention true; expected false; export the model to ONNX',
  ],
  [
    'gpt2',
    { tie_word_embeddings: false },
    'the checkpoint lacks lm_head.weight, from which logits.weight of gpt2',
  ],
  ['gpt2', { n_layer: 1e9 }, 'checkpoint: layers is 1000000000; expected a whole number from 1 to 1000'],
  ['gpt2', { vocab_size: 'many' }, 'config.json: vocab_size is "many"; expected a number'],
  ['gpt2', { n_positions: 0 }, 'gpt2: context is 0; expected a whole number from 1 to 268435456'],
  ['gpt2', { activation_function: 'constructor' }, 'unknown activation: constructor; nearest:'],
  ['gpt2', { n_embd: 12 }, 'weight embed.weight is 24×16; expected 24×12'],
  ['gpt2', { n_embd: 48 }, 'weight embed.weight is 24×16; expected 24×48'],
  [
    'neox',
    { use_parallel_residual: 'no' },
    'config.json: use_parallel_residual is "no"; expected true or false',
  ],
  ['llama', { num_attention_heads: 2.5 }, 'llama: heads is 2.5; expected a whole number from 1 to 268435456'],
  ['llama', { head_dim: 1e9 }, 'rotary width is 1000000000; expected an even number from 2 to 65536'],
  ['resnet', { depths: [1, 'x'] }, 'config.json: depths is [1,"x"]; expected a list of numbers'],
  ['resnet', { depths: [1] }, 'resnet: layers is 0; expected a whole number from 1 to 1000'],
  ['clip', { text_config: 'here' }, 'config.json: text_config is "here"; expected an object'],
  // no head is named, so what is wanted are hidden states
  [
    'bert',
    { architectures: [5] },
    'the checkpoint lacks bert.pooler.dense.weight, from which pooled.pre.weight',
  ],
])('a config.json of %s that says %j', async (name, wrong, message) => {
  const given = await fixture(name);
  const config = { ...given.config, ...(wrong as object) };
  expect(() => built({ ...given, config })).toThrow(message);
});

test('metadata that lies about its network gives no decoding form', () => {
  const graph = gpt2({ vocabulary: 20, context: 8, width: 8, layers: 1, heads: 2 });
  const lying = (config: unknown) =>
    cachedForm({
      ...graph,
      metadata: { 'neuronbook.architecture': JSON.stringify({ name: 'gpt2', config }) },
    });
  expect(lying({ vocabulary: 20, context: 8, width: 8, layers: 1e9, heads: 2 })).toBeUndefined();
  expect(lying({ vocabulary: 2e8, context: 8, width: 8, layers: 1, heads: 2 })).toBeUndefined();
  expect(lying('gpt2')).toBeUndefined();
});
