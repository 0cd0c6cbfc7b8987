/** docs/sites.md lists the sites of every architecture as its graph has them: it is written from real graphs. */
import { expect, test } from 'vitest';
import type { Graph } from '../../onnx/graph.ts';
import { bert, clip, gpt2, llama, mixer, neox, resnet, vit } from './index.ts';

/** Sizes that no two axes share, so that dims can be told apart; what they are called. */
const words: Readonly<Record<number, string>> = {
  24: 'width',
  3: 'heads',
  6: 'heads',
  8: 'head width',
  4: 'head width',
  40: 'hidden',
  44: 'mix hidden',
  50: 'vocabulary',
  13: 'classes',
  30: 'shared width',
  9: 'patches',
  10: '(patches + 1)',
  1: '1',
};

const text = { width: 24, layers: 2, heads: 3, hidden: 40 };
const picture = { size: 48, patch: 16, classes: 13 };
const language = { vocabulary: 50, context: 16 };
const architectures: readonly (readonly [
  title: string,
  graph: Graph,
  words?: Readonly<Record<number, string>>,
])[] = [
  ['GPT-2', gpt2({ ...text, ...language }, { result: true })],
  ['GPT-NeoX (Pythia)', neox({ ...text, ...language, rotary: 0.5 })],
  [
    'Llama, Mistral, Qwen2, Qwen3',
    llama({ ...text, ...language, heads: 6, kvHeads: 2, headNorm: true }),
    { 2: 'heads of keys' },
  ],
  ['BERT', bert({ ...text, ...language })],
  ['BERT without a head, also', bert({ ...text, ...language, head: 'states' })],
  ['ViT', vit({ ...text, ...picture })],
  ['CLIP', clip({ width: 30, text: { ...text, ...language }, image: { ...text, ...picture } })],
  ['MLP-Mixer', mixer({ ...text, ...picture, mixHidden: 44 })],
  ['ResNet', resnet({ widths: [16, 32], depths: [2, 2], kind: 'bottleneck', classes: 13 })],
];

/** What a site holds. The first that fits counts. */
const meanings: readonly (readonly [site: RegExp, meaning: string])[] = [
  [/\.attn\.q\.rotated$/, 'queries, turned by their position'],
  [/\.attn\.k\.rotated$/, 'keys, turned by their position'],
  [/\.attn\.q$/, 'queries'],
  [/\.attn\.k$/, 'keys'],
  [/\.attn\.v$/, 'values'],
  [/\.attn\.scores$/, 'q·k / √(head width), before mask and softmax'],
  [/\.attn\.pattern$/, 'how much each position (first) attends to each (second); rows sum to 1'],
  [/\.attn\.z$/, 'values, mixed by the pattern'],
  [/\.attn\.result$/, 'what each head alone writes; only where built with `result: true`'],
  [/\.attn\.out$/, 'what attention writes into the residual stream'],
  [/\.resid\.pre$/, 'the residual stream before the block'],
  [/\.resid\.mid$/, 'the residual stream between the two halves of the block'],
  [/\.resid\.post$/, 'the residual stream behind the block'],
  [/\.normalized$/, 'the same before its gain and offset'],
  [/\.attn\.[qk]\.norm$/, 'the same, each head normalized (Qwen3)'],
  [/(\.ln\d?|\.bn)$/, 'normalized, with gain and offset'],
  [/\.mix\.in$/, 'what the MLP across patches reads'],
  [/\.mix\.out$/, 'what it makes, before it is turned back'],
  [/\.mlp\.in$/, 'what the MLP reads'],
  [/\.mlp\.gate$/, 'the gate behind the activation'],
  [/\.mlp\.up$/, 'what the gate is multiplied with'],
  [/\.mlp\.out$/, 'what the MLP writes into the residual stream'],
  [/\.pre$/, 'before the activation'],
  [/\.post$/, 'behind the activation (gated: the product of gate and up)'],
  [/embed\.position$/, 'the vectors of the positions'],
  [/embed\.segment$/, 'the vectors of the segments'],
  [/embed\.patches$/, 'the vectors of the patches'],
  [/embed\.class$/, 'the class token, then the patches'],
  [/^image\.embed$|^embed$/, 'the vectors of the input'],
  [/^text\.embed$/, 'the vectors of the tokens'],
  [/pooled\.in$/, 'the vector at the first position'],
  [/pooled$/, 'what stands for the whole input'],
  [/projected$/, 'mapped into the space that both towers share'],
  [/direction$/, 'the same, of length 1; an output'],
  [/^cosines$/, 'how well each picture matches each text'],
  [/^logits$/, 'the output'],
  [/^hidden$/, 'the residual stream behind the last block, an output'],
  [/\.conv$/, 'behind a convolution'],
  [/\.resid$/, 'the sum of a block and its shortcut'],
  [/\.act$/, 'behind the activation'],
  [/pool$/, 'behind a pool'],
];

test('docs/sites.md is what the graphs say', async () => {
  await expect(page()).toMatchFileSnapshot('../../../docs/sites.md');
});

test('every meaning is that of some site', () => {
  const names = architectures.flatMap(([, graph]) => sitesOf(graph));
  expect(meanings.filter(([site]) => !names.some(name => site.test(name)))).toEqual([]);
});

const sitesOf = (graph: Graph): string[] => {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return Object.keys(JSON.parse(graph.metadata['neuronbook.sites']) as object).filter(
    name => !inputs.has(name),
  );
};

/** `blocks.1.` and `stages.0.1.2.` as any of their kind. */
const general = (name: string): string =>
  name
    .replace(/blocks\.\d+\./, 'blocks.N.')
    .replace(/^stages\.\d+\.\d+\.\d+\./, 'stages.S.N.K.')
    .replace(/^stages\.\d+\.\d+\./, 'stages.S.N.');

function page(): string {
  const listed = new Set<string>();
  const sections = architectures.map(([title, graph, own = {}]) => {
    const dims = new Map([...graph.values, ...graph.outputs.map(value => [value.name, value] as const)]);
    const seen = new Set(title.endsWith('also') ? listed : []);
    const lines = sitesOf(graph).flatMap(site => {
      const name = general(site);
      if (seen.has(name)) return [];
      seen.add(name);
      listed.add(name);
      const [, meaning] = meanings.find(([pattern]) => pattern.test(site)) ?? [];
      if (!meaning) throw new Error(`no meaning for site ${site}; add one to sites.test.ts`);
      const shape = dims
        .get(site)!
        .dims!.map((dim, axis, all) => wordOf(dim, axis, all.length, title, own))
        .join(' × ');
      return [`- \`${name}\` (${shape}): ${meaning}`];
    });
    return [`## ${title}`, '', inputLine(graph), '', ...lines, ''];
  });
  return [...head, ...sections.flat()].join('\n');
}

function wordOf(
  dim: number | string,
  axis: number,
  rank: number,
  title: string,
  own: Readonly<Record<number, string>>,
) {
  if (title === 'ResNet' && axis > 0 && !(rank === 2 && dim === 13))
    return ['batch', 'channels', 'height', 'width'][axis];
  return typeof dim === 'string' ? dim : (own[dim] ?? words[dim] ?? String(dim));
}

const inputLine = ({ inputs }: Graph): string =>
  `Inputs: ${inputs.map(({ name, dtype, dims }) => `\`${name}\` (${dtype}, ${dims!.join(' × ')})`).join(', ')}.`;

const head = [
  '# Sites of the architectures',
  '',
  'Networks that are built here (`nn.gpt2`, …) or loaded from a Hugging Face checkpoint name the places in which people',
  'look into them. Any of these names can be read, differentiated and edited: `model.run(inputs, { read: [name] })`,',
  '`model.gradient(inputs, { of, at: [name] })`, `model.edit(ablate(name))`. `N` counts blocks from 0; in a ResNet `S`',
  'counts stages, `N` blocks and `K` convolutions. A parameter is named like the site that it makes: `blocks.0.attn.q`',
  'has `blocks.0.attn.q.weight` (outputs × inputs) and `blocks.0.attn.q.bias`.',
  '',
  'The `channels` of an edit count the heads of q, k, v, scores, pattern, z and result, and the width of all else:',
  "`ablate('blocks.0.attn.z', { channels: [3] })` takes out head 3.",
  '',
  'This page is written from the graphs themselves (`kernel/nn/architectures/sites.test.ts`).',
  '',
];
