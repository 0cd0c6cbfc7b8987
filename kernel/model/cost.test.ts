/** Costs counted by hand, and a profile that names the sites that do the work. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import * as nn from '../nn/index.ts';
import { load } from './load.ts';
import { Model } from './model.ts';

const network = () =>
  new Model(
    'small',
    nn.network(
      nn.sequential(
        nn.conv('conv', { channels: 8, kernel: 3 }),
        nn.relu('relu'),
        nn.flatten('flat'),
        nn.linear('logits', { features: 10 }),
      ),
      { inputs: { image: ['batch', 3, 16, 16] } },
    ),
  );

test('parameters, multiply-adds and bytes by site', () => {
  const cost = network().cost({ image: [2, 3, 16, 16] });
  const row = (site: string) => cost.rows.find(each => each.site === site)!;
  expect(row('conv')).toMatchObject({
    parameters: 8 * 3 * 9 + 8,
    multiplyAdds: 2 * 8 * 256 * 27,
    bytes: 4 * 2 * 8 * 256,
  });
  expect(row('relu')).toMatchObject({ parameters: 0, multiplyAdds: 0 });
  expect(row('logits')).toMatchObject({ parameters: 10 * 2048 + 10, multiplyAdds: 2 * 10 * 2048 });
  expect(cost.parameters).toBe(8 * 27 + 8 + 20490);
  expect(cost.toString().split('\n').at(-1)).toBe(
    'in all 20.7 k parameters, 152 k multiply-adds, 49.2 kB of values',
  );
});

test('a transformer: products inside attention count to its sites, tied weights once', () => {
  const model = new Model('gpt', nn.gpt2({ vocabulary: 11, context: 8, width: 16, layers: 1, heads: 2 }));
  const cost = model.cost({ tokens: [1, 8] });
  const row = (site: string) => cost.rows.find(each => each.site === site)!;
  expect(row('blocks.0.attn.q').multiplyAdds).toBe(8 * 16 * 16);
  expect(row('blocks.0.attn.scores').multiplyAdds).toBe(2 * 8 * 8 * 8);
  expect(row('logits')).toMatchObject({ multiplyAdds: 8 * 16 * 11, parameters: 0 });
  const trained = [...model.graph.constants].filter(([name]) => /weight|bias/.test(name));
  expect(cost.parameters).toBe(trained.reduce((sum, [, { size }]) => sum + size, 0));
});

test('documented sites are listed, with the weights of the steps to them; steps can still be named', () => {
  const { sites } = new Model('gpt', nn.gpt2({ vocabulary: 11, context: 8, width: 16, layers: 1, heads: 2 }));
  expect(sites.names).toContain('blocks.0.attn.q');
  expect(sites.names.filter(name => name.includes('/'))).toEqual([]);
  expect(sites.get('blocks.0.attn.q').parameters).toBe(16 * 16 + 16);
  expect(sites.get('blocks.0.attn.q/gemm').op).toBe('Gemm');
  expect(sites.select([/attn\.q$/, 'blocks.0.attn.q']).map(({ name }) => name)).toEqual(['blocks.0.attn.q']);
  expect(sites.select([/q\/gemm$/]).map(({ name }) => name)).toEqual(['blocks.0.attn.q/gemm']);
});

test('a profile gives the time to the sites that take it', async () => {
  const model = network();
  const table = await model.profile(
    { image: tensor(new Float32Array(64 * 768), [64, 3, 16, 16]) },
    { runs: 3 },
  );
  const shares = Object.fromEntries(table.rows.map(({ site, share }) => [site, share]));
  // ONNX Runtime fuses conv and relu into one kernel, which bears the name of either
  expect((shares.conv ?? 0) + (shares.relu ?? 0)).toBeGreaterThan(0.3);
  expect(table.rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 1);
  expect(table.rows.map(({ ms }) => ms)).toEqual(table.rows.map(({ ms }) => ms).sort((a, b) => b - a));
  expect(table.note).toMatch(/ms in kernels a run/);
});

test('the zoo network: the sum of its parts', async () => {
  const model = await load('zoo:textures');
  const cost = model.cost({ image: [1, 3, 48, 48] });
  const listed = [...model.sites].reduce((sum, { parameters }) => sum + parameters, 0);
  expect(cost.parameters).toBe(listed);
  expect(cost.multiplyAdds).toBeGreaterThan(cost.parameters);
});
