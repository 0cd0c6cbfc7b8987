/**
 * The three files that a system begins as. They work: a toy that is to be replaced line by line, whose test and notebook
 * pass at once. A name is `<area>/<function>`.
 */

const area = /^[a-z][a-z0-9]*$/;
const verb = /^[a-z][A-Za-z0-9]*$/;

const camel = name => name.replace(/[-_. ]+(.)?/g, (_, letter = '') => letter.toUpperCase());

/** What is wrong with a name, in a sentence; undefined where nothing is. */
export function problemOf(name = '') {
  const parts = name.split('/');
  if (parts.length === 2 && area.test(parts[0]) && verb.test(parts[1])) return undefined;
  const better = parts.map(part => camel(part.trim().replace(/^[A-Z]/, first => first.toLowerCase())));
  const hint =
    parts.length === 2 && area.test(better[0]) && verb.test(better[1]) ? `, such as ${better.join('/')}` : '';
  return `no name for a system: ${name || '(none)'}; expected area/name, both in letters, the name that of its function${hint}`;
}

/**
 * @param name `sparsity/chess`
 * @param paper its address
 * @returns path from the root → text
 */
export function systemFiles(name, paper = 'https://arxiv.org') {
  const [, fn] = name.split('/');
  const Options = `${fn[0].toUpperCase()}${fn.slice(1)}Options`;
  return {
    [`kernel/systems/${name}.ts`]: source({ fn, Options, paper }),
    [`kernel/systems/${name}.test.ts`]: test({ fn }),
    [`notebooks/systems/${name}.ipynb`]: notebook({ name, fn, paper }),
  };
}

const source = ({ fn, Options, paper }) => `/**
 * A toy: values above a limit are cut off, and the answers change.
 *
 *   y = min(x, limit)
 *
 * Says what the paper found and how, in ten lines or fewer; the first sentence stands in the gallery.
 * @see ${paper}
 */
import { clamp, experiment, Model, nn, rng, tensor } from 'neuronbook';

export interface ${Options} {
  /** The largest value that is let through; infinite: the model as it is. */
  limit?: number;
}

/**
 * A copy of the model whose values at the site are at most \`limit\`.
 * @throws NameError on an unknown site
 * @example ${fn}(model, 'hidden', { limit: 0.5 })
 */
export function ${fn}(model: Model, site: string, { limit = 0 }: ${Options} = {}): Model {
  return Number.isFinite(limit) ? model.edit(clamp(site, { max: limit })) : model;
}

/** A network of one hidden layer with weights of this seed, and rows for it. */
function drawn(seed: string | number, rows: number) {
  const layers = nn.sequential(nn.linear('hidden', { features: 16 }), nn.linear('y', { features: 2 }));
  const model = new Model('toy', nn.network(layers, { inputs: { x: ['batch', 8] }, seed }));
  const draw = rng(\`\${seed}/rows\`);
  return { model, x: tensor(Float32Array.from({ length: rows * 8 }, draw.normal), [rows, 8]) };
}

async function change(before: Model, after: Model, x: ReturnType<typeof tensor>): Promise<number> {
  const [a, b] = await Promise.all([before, after].map(async model => (await model.run({ x })).outputs.y));
  const other = b.toNumbers();
  return Math.max(...a.toNumbers().map((value, i) => Math.abs(value - other[i])));
}

${fn}.experiment = experiment({
  question: 'Do the answers depend on the large values?',
  seeds: 3,
  arms: { cut: 'values above zero cut off' },
  controls: { off: 'no limit: nothing is cut off' },
  marks: {
    'largest change of an answer': { of: own => own.change, atLeast: 0.1, control: 'off', margin: 0.099 },
  },
  prepare: ({ seed, scaled }) => drawn(seed, scaled(256, 32)),
  async run({ arm, shared: { model, x } }) {
    const edited = ${fn}(model, 'hidden', { limit: arm === 'off' ? Infinity : 0 });
    return { change: await change(model, edited, x) };
  },
});
`;

const test = ({ fn }) => `/** ${fn}: off, nothing changes; on, the marks are reached and the control fails. */
import { expect, test } from 'vitest';
import { Model, nn, tensor } from 'neuronbook';
import { ${fn} } from './${fn}.ts';

const layers = nn.sequential(nn.linear('hidden', { features: 4 }), nn.linear('y', { features: 2 }));
const model = new Model('toy', nn.network(layers, { inputs: { x: ['batch', 3] }, seed: 1 }));
const x = tensor([1, -2, 3], [1, 3]);

test('off, the model is as it was', async () => {
  const [before, after] = await Promise.all(
    [model, ${fn}(model, 'hidden', { limit: Infinity })].map(each => each.run({ x })),
  );
  expect(after.outputs.y.toNumbers()).toEqual(before.outputs.y.toNumbers());
});

test('on, no value is above the limit, and the model itself is untouched', async () => {
  const { sites } = await ${fn}(model, 'hidden', { limit: 0 }).run({ x }, { read: ['hidden'] });
  expect(Math.max(...sites.hidden.toNumbers())).toBeLessThanOrEqual(0);
  const own = await model.run({ x }, { read: ['hidden'] });
  expect(Math.max(...own.sites.hidden.toNumbers())).toBeGreaterThan(0);
});

test('the marks are reached, and the control fails', async () => {
  const { verdicts } = await ${fn}.experiment.run({ scale: 'small', live: false });
  expect(verdicts.filter(({ met }) => !met)).toEqual([]);
});
`;

const cell = (id, kind, lines) => ({
  cell_type: kind,
  ...(kind === 'code' && { execution_count: null }),
  id,
  metadata: {},
  ...(kind === 'code' && { outputs: [] }),
  source: lines.map((line, i) => (i < lines.length - 1 ? `${line}\n` : line)),
});

function notebook({ name, fn, paper }) {
  const id = number => `${fn.toLowerCase()}-${number}`;
  const cells = [
    cell(id(0), 'markdown', [
      `# ${fn}`,
      '',
      'Do the answers depend on the large values? The question that is asked here, for somebody who has not read',
      `[the paper](${paper}).`,
    ]),
    cell(id(1), 'code', [
      "import { plot } from 'neuronbook';",
      `import { ${fn} } from 'neuronbook/systems/${name}';`,
      '',
      `const report = await ${fn}.experiment.run();`,
      'report',
    ]),
    cell(id(2), 'code', [
      "plot.bar(report.seeds, { cut: report.of('cut', 'change'), off: report.of('off', 'change') }, { x: 'seed', y: 'change' })",
    ]),
    cell(id(3), 'markdown', [
      'What is seen, in a paragraph: cutting off changes the answers, and without a limit nothing changes.',
      '',
      `**Try**: another limit, \`${fn}(model, 'hidden', { limit: 0.5 })\`.`,
    ]),
  ];
  const metadata = {
    kernelspec: { display_name: 'TypeScript (neuronbook)', language: 'typescript', name: 'neuronbook' },
    language_info: {
      codemirror_mode: 'typescript',
      file_extension: '.ts',
      mimetype: 'text/typescript',
      name: 'typescript',
      nbconvert_exporter: 'script',
      pygments_lexer: 'typescript',
      version: '6.0',
    },
  };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}
