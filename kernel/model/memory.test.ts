/** How much is in memory while weights are read, and after a model is let go. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveSafetensors } from '../base/safetensors/index.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import { architectureOf } from '../nn/architectures/index.ts';
import { conv, network, sequential } from '../nn/index.ts';
import { encode } from '../onnx/encode.ts';
import { load } from './load.ts';
import { Weights } from './weights/shards.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const root = mkdtempSync(join(tmpdir(), 'neuronbook-memory-'));
afterAll(() => rmSync(root, { recursive: true }));

const width = 256;
const config = {
  model_type: 'gpt2',
  n_layer: 2,
  n_embd: width,
  n_head: 4,
  vocab_size: 4096,
  n_positions: 64,
};

/** The values of every tensor in the file: they stay, so that what is in memory before loading does not waver. */
const filler = new Float32Array(config.vocab_size * width).fill(0.01);

/** A checkpoint of 10 MB, made from the names and sizes that the architecture asks for. */
beforeAll(async () => {
  const tensors = new Map<string, Tensor>();
  const put = (name: string, ...dims: number[]) =>
    tensors.set(
      name,
      tensor(
        filler.subarray(
          0,
          dims.reduce((a, b) => a * b),
        ),
        dims,
      ),
    );
  put('wte.weight', config.vocab_size, width);
  put('wpe.weight', config.n_positions, width);
  for (let layer = 0; layer < config.n_layer; layer++) {
    const linear = (name: string, from: number, to: number) => {
      put(`h.${layer}.${name}.weight`, from, to);
      put(`h.${layer}.${name}.bias`, to);
    };
    for (const norm of ['ln_1', 'ln_2'])
      for (const part of ['weight', 'bias']) put(`h.${layer}.${norm}.${part}`, width);
    linear('attn.c_attn', width, 3 * width);
    linear('attn.c_proj', width, width);
    linear('mlp.c_fc', width, 4 * width);
    linear('mlp.c_proj', 4 * width, width);
  }
  for (const part of ['weight', 'bias']) put(`ln_f.${part}`, width);
  await saveSafetensors(join(root, 'model.safetensors'), tensors);
  writeFileSync(join(root, 'config.json'), JSON.stringify(config));
});

const held = () => {
  // buffers of what the first finds dead are freed behind it
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
};

test('no more than one copy of the weights and a tensor are in memory while they are read', async () => {
  expect(architectureOf(config).context).toBe(config.n_positions);
  const before = held();
  let peak = 0;
  let largest = 0;
  // a mock would keep what it returned
  const read = Object.getOwnPropertyDescriptor(Weights.prototype, 'read')!.value as Weights['read'];
  Weights.prototype.read = function (name) {
    const value = read.call(this, name);
    largest = Math.max(largest, 4 * value.size);
    peak = Math.max(peak, held() - before);
    return value;
  };
  const model = await load(root).finally(() => (Weights.prototype.read = read));
  const weights = [...model.graph.constants.values()].reduce((sum, { size }) => sum + 4 * size, 0);
  expect(weights).toBeGreaterThan(10e6);
  expect(peak).toBeGreaterThan(weights / 2);
  // a tensor as it was read, and the part of it that is being made
  expect(peak).toBeLessThan(weights + largest + 1e6);
});

const resident = () => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

// only Linux tells a process what it holds outside JavaScript
test.runIf(process.platform === 'linux')('dispose frees what ONNX Runtime holds', async () => {
  // weights of convolutions, 9.4 MB, are compiled in
  const layers = sequential(conv('first', { channels: 512 }), conv('second', { channels: 512 }));
  const bytes = encode(network(layers, { inputs: { image: [1, 1, 4, 4] } }));
  const image = tensor(new Float32Array(16), [1, 1, 4, 4]);
  const used = async () => {
    using model = await load(bytes);
    await model.run({ image });
  };
  for (let i = 0; i < 4; i++) await used();
  collect();
  const before = resident();
  for (let i = 0; i < 12; i++) await used();
  collect();
  // sessions that stay hold more than twice their weights, 280 MB in all; what the process holds wavers by some 50
  expect(resident() - before).toBeLessThan(140e6);
});
