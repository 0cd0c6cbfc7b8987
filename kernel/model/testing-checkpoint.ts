/** Checkpoints for tests, as `save_pretrained` lays them out: config.json, safetensors, tokenizer.json. */
import { encodeSafetensors } from '../base/safetensors/index.ts';
import type { Tensor } from '../base/tensor.ts';
import { fixture, type Fixture } from '../nn/testing.ts';

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The files of a tiny checkpoint of this architecture, and what the reference computes with it. */
export async function checkpointFiles(
  name: string,
  { shards = 1 } = {},
): Promise<{ files: Record<string, Uint8Array>; given: Fixture }> {
  const given = await fixture(name);
  const { names, read } = given.checkpoint;
  const files: Record<string, Uint8Array> = { 'config.json': text(given.config) };
  const part = (keep: (i: number) => boolean) =>
    encodeSafetensors(new Map<string, Tensor>(names.filter((_, i) => keep(i)).map(key => [key, read(key)])));
  if (shards === 1) files['model.safetensors'] = part(() => true);
  else {
    const fileOf = (i: number) => `model-${(i % shards) + 1}-of-${shards}.safetensors`;
    for (let shard = 0; shard < shards; shard++) files[fileOf(shard)] = part(i => i % shards === shard);
    files['model.safetensors.index.json'] = text({
      metadata: {},
      weight_map: Object.fromEntries(names.map((key, i) => [key, fileOf(i)])),
    });
  }
  return { files, given };
}
