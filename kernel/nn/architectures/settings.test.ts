/** Settings of a config.json that are legal and rare, against the reference implementation. */
import { describe, expect, test } from 'vitest';
import { built, difference, fixture, greedy, read } from '../testing.ts';
import { cachedForm } from './registry.ts';

const rare = [
  ...[
    'gpt2_scales',
    'neox_plain',
    'neox_linear',
    'llama_dynamic',
    'llama_growing',
    'llama_linear',
    'llama_yarn',
  ],
  ...['llama_longrope', 'qwen3_windows', 'bert_each', 'bert_answers', 'bert_untied'],
];

describe.each(rare)('%s', name => {
  test('says what the reference says, inside and at its end, and writes what it writes', async () => {
    const given = await fixture(name);
    const { graph } = built(given);
    const names = Object.keys(given.sites);
    expect(names).toEqual(expect.arrayContaining(['logits', 'blocks.1.resid.pre']));
    const received = await read(graph, given.inputs, names);
    for (const site of names) expect(difference(received[site], given.sites[site])).toBeLessThan(1e-4);
    if (!given.inputs.written) return;
    const prompt = given.inputs.tokens.at(0).toNumbers();
    const written = await greedy(cachedForm(graph)!, prompt, 20);
    expect([...prompt, ...written]).toEqual(given.inputs.written.toNumbers());
  });

  test('has no parameter of its own', async () => {
    const given = await fixture(name);
    const { architecture, graph } = built(given);
    const sources = architecture.sources(given.checkpoint);
    const parameters = JSON.parse(graph.metadata['neuronbook.parameters']) as string[];
    expect(parameters.filter(parameter => !sources[parameter])).toEqual([]);
  });
});
