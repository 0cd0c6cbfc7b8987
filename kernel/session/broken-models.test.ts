/** Files that are not sound networks: each cell gets an error that names the cause, and the kernel goes on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, startKernel, type Client } from './test-client.ts';

let client: Client;
beforeAll(async () => {
  client = await startKernel();
  await client.execute(`
    import { load, Model, nn } from 'neuronbook';
    const { graph } = new Model('sound', nn.network(
      nn.sequential(nn.conv('conv1', { channels: 4 }), nn.relu('relu1'), nn.conv('conv2', { channels: 6 }), nn.relu('relu2')),
      { inputs: { image: ['batch', 3, 8, 8] } },
    ));
    type Node = typeof graph.nodes[number];
    const broken = (change: (node: Node) => Partial<Node>) =>
      new Model('broken', { ...graph, nodes: graph.nodes.map(node => ({ ...node, ...change(node) })) }).toBytes();
    const bytes = broken(() => ({}));
    const kept = (await load(bytes)).sites.length;`);
}, 60_000);
afterAll(() => client.stop());

test.each([
  ['a truncated file', 'bytes.slice(0, bytes.length / 2)', /cut short/],
  ['a file of zeros', 'new Uint8Array(4096)', /512 zero/],
  ['a web page', 'new TextEncoder().encode("<!doctype html><html>")', /web page/],
  [
    'an unknown op',
    "broken(node => node.name === 'relu2' ? { op: 'Frobnicate' } : {})",
    /Frobnicate relu2: unknown op/,
  ],
  ['a cycle', "broken(node => node.name === 'relu1' ? { inputs: ['relu2'] } : {})", /cycle: .*conv2.*relu2/],
  [
    'a wrong shape',
    "broken(node => node.name === 'conv2' ? { inputs: ['image', ...node.inputs.slice(1)] } : {})",
    /conv2: weights 6×4×3×3 .* do not fit/,
  ],
])('%s', async (_, source, cause) => {
  const { reply } = await client.execute(`await load(${source})`);
  expect(reply.content.status).toBe('error');
  expect(reply.content.evalue).toMatch(cause);
  expect(resultOf(await client.execute('kept'))).toBe('5');
});
