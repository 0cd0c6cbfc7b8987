/**
 * What `library-in-browser.spec.ts` has a web page compute, bundled with the library, and Node to compare with: the
 * front door's own figures, and gradients of operators against finite differences.
 */
import { conv, maxPool } from './engine/functions-spatial.ts';
import { apply, fusedMatmul, gather, logSoftmax, matmul, reduceMax } from './engine/functions.ts';
import { checkGradient, normal, uniform, type Case } from './engine/testing.ts';
import * as neuronbook from './index.ts';

export interface Given {
  /** The bytes of zoo:textures. */
  model: Uint8Array;
  /** A picture and a table as files. */
  webp: Uint8Array;
  parquet: Uint8Array;
  /** Where gradients are read. */
  at: readonly string[];
  providers?: readonly neuronbook.Provider[];
}

/** Values at sites, derivatives, an edit, training and files, by name. */
export async function figures({
  model: bytes,
  webp,
  parquet,
  at,
  providers,
}: Given): Promise<Record<string, number[]>> {
  const { ablate, fit, harvest, load, mse, nn, pick, readCsv, readImage, readParquet, rng, textures } =
    neuronbook;
  const model = await load(bytes, { providers });
  const { image } = textures.batch(rng('browser'), 2);
  // asked for at once: where only one may compute at a time, the library has them wait
  const [{ outputs, sites }, gradients] = await Promise.all([
    model.run({ image }, { read: ['conv3'] }),
    model.gradient({ image }, { of: pick('logits', [0, 3]), at: [...at] }),
  ]);
  const edited = model.edit(ablate('conv3', { channels: [5] }));
  const reloaded = await load(edited.toBytes(), { providers });
  const kept = await harvest(model, { image }, { read: ['logits'] });

  const [x, y] = [normal([64, 3], 'x'), normal([64, 2], 'y')];
  const net = nn.network(nn.linear('y', { features: 2 }), { inputs: { x: ['batch', 3] }, seed: 1 });
  const run = await fit(net, { x, target: y }, { loss: mse({ output: 'y' }), steps: 5, live: false });

  const csv = await readCsv(new TextEncoder().encode('a,b\n1,0.5\n2,-0.25\n'));
  const columns = (table: neuronbook.Table) => Object.values(table).flatMap(column => column.toNumbers());
  return {
    logits: outputs.logits.toNumbers(),
    conv3: sites.conv3.toNumbers(),
    ...Object.fromEntries(at.map(name => [`gradient at ${name}`, gradients[name].toNumbers()])),
    'logits, edited, saved and loaded': (await reloaded.run({ image })).outputs.logits.toNumbers(),
    harvested: (await kept.slice(0, 2)).logits.toNumbers(),
    losses: [...run.losses],
    csv: columns(csv),
    parquet: columns(await readParquet(parquet)),
    picture: (await readImage(webp)).toNumbers(),
  };
}

const [x, square] = [normal([2, 3, 4], 'x'), normal([4, 4], 'w')];
const picture = normal([1, 2, 6, 6], 'picture');

/** A few of each family; the whole suite runs on WebAssembly in Node. */
const cases: readonly Case[] = [
  ['MatMul', matmul, [x, square]],
  ['FusedMatMul', (a, b) => fusedMatmul(a, b, { transB: true }), [x, square]],
  [
    'Conv',
    (a, w) => conv(a, w, undefined, { pads: [1, 1, 1, 1], strides: [2, 2] }),
    [picture, normal([3, 2, 3, 3])],
  ],
  ['MaxPool', a => maxPool(a, 2), [picture]],
  [
    'LayerNormalization',
    (a, s, b) => apply('LayerNormalization', [a, s, b]),
    [x, normal([4], 's'), normal([4], 'b')],
  ],
  ['LogSoftmax', a => logSoftmax(a), [x]],
  ['Gelu', a => apply('Gelu', [a]), [x]],
  ['Pow', (a, b) => apply('Pow', [a, b]), [uniform([3, 4], 0.5, 2), uniform([4], 1, 3)]],
  ['ReduceMax', a => reduceMax(a, [1]), [x]],
  ['Gather', (a, i) => gather(a, i, 1), [x, neuronbook.tensor([2n, 0n, 2n])]],
  ['Einsum', (a, b) => apply('Einsum', [a, b], { equation: 'bij,jk->bki' }), [x, square]],
  [
    'LSTM',
    (...given) => given[0].trace.apply('LSTM', given, { hidden_size: 2n }, { outputs: 3 }),
    [normal([4, 2, 3], 'x'), normal([1, 8, 3], 'w'), normal([1, 8, 2], 'r'), normal([1, 16], 'b')],
  ],
];

/** @returns what went wrong, operator by operator; and how many were right */
export async function gradients(): Promise<{ failures: string[]; passed: number }> {
  const failures: string[] = [];
  for (const one of cases) await checkGradient(...one).catch(error => failures.push(String(error)));
  return { failures, passed: cases.length - failures.length };
}

/** The bundled model by its name: its file lies beside the script. */
export const zoo = async (): Promise<string> => String(await neuronbook.load('zoo:textures'));

/** Activations of one picture, in memory or in a folder. */
async function harvested(to?: string): Promise<neuronbook.Activations> {
  const model = await neuronbook.load('zoo:textures');
  const image = neuronbook.tensor(new Float32Array(3 * 48 * 48), [1, 3, 48, 48]);
  return neuronbook.harvest(model, { image }, { read: ['logits'], to });
}

/** What is said where a browser cannot: one line each. */
export const refusals = (): Promise<string[]> =>
  Promise.all(
    [
      () => neuronbook.load('absent.onnx'),
      () => neuronbook.openActivations('acts'),
      async () => (await neuronbook.load('zoo:textures')).save('copy.onnx'),
      () => harvested('acts/'),
      async () => (await harvested()).query('select 1'),
    ].map(work => work().then(() => 'it worked', String)),
  );
