/**
 * Every operator against ONNX's public tests: our inference, folding, decompositions, opset upgrades and float16
 * conversion must give the published dtype, dims and values. `export_node_tests.py` says where the cases come from;
 * it runs once per change of itself, with the Python of NEURONBOOK_REFERENCE_PYTHON.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { DType } from '../base/dtype.ts';
import { fromBase64 } from '../base/base64.ts';
import { ComputedError, FormatError } from '../base/errors.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import { decode } from '../onnx/decode.ts';
import type { Graph } from '../onnx/graph.ts';
import { knownFailures, missingKernels, operatorsWithoutRule } from './node-tests-known.ts';
import { isHalf, widen } from './precision.ts';
import { ruleOf, supportedOps } from './rules.ts';
import { execute, lacksKernel } from './testing.ts';
import { Trace } from './trace.ts';
import { upgrade } from './upgrade.ts';
import type { Var } from './var.ts';

interface PackedTensor {
  name: string;
  dtype: DType;
  dims: number[];
  data: string | string[];
}
interface Case {
  source: 'node' | 'pytorch' | 'older';
  name: string;
  opset: number;
  model: string;
  inputs: PackedTensor[];
  outputs: PackedTensor[];
  rtol: number;
  atol: number;
}

const python = process.env.NEURONBOOK_REFERENCE_PYTHON;

describe.skipIf(!python)('ONNX node tests (set NEURONBOOK_REFERENCE_PYTHON to a Python with onnx)', () => {
  const { cases, counts } = python ? load(python) : { cases: [], counts: {} };
  const ours = cases.filter(isOurs);
  const failing = new Map(knownFailures.flatMap(({ cases }) => cases.map(name => [name, name] as const)));
  const run = ours.filter(item => !failing.has(item.name));
  const titled = (items: readonly Loaded[]) =>
    items.map(item => [`${item.source} ${item.name}, opset ${item.opset}`, item] as const);

  test.each(titled(run))('%s', async (_title, item) => {
    await check(item);
  });

  test('every case that is listed as failing fails; one that passes leaves the list', async () => {
    const passing: string[] = [];
    for (const name of failing.keys()) {
      const item = ours.find(item => item.name === name);
      if (!item) passing.push(`${name}: no such case`);
      else await check(item).then(() => passing.push(name), () => undefined); // prettier-ignore
    }
    expect(passing).toEqual([]);
  });

  test('every operator without a rule is listed with its reason', () => {
    const lacking = cases.flatMap(({ graph }) =>
      graph.nodes.filter(node => !ruleOf(node.domain, node.op)).map(node => node.op),
    );
    expect([...new Set(lacking)].sort()).toEqual(Object.values(operatorsWithoutRule).flat().sort());
  });

  test('every rule has a case that passes, but what decode settles, Unique, and what ONNX has no cases for', () => {
    const covered = new Set(run.flatMap(({ graph }) => graph.nodes.map(node => node.op)));
    const rules = supportedOps().filter(([domain]) => domain === '');
    expect(rules.map(([, op]) => op).filter(op => !covered.has(op))).toEqual([
      'Constant',
      'MaxRoiPool',
      'Unique',
      'RandomNormal',
      'RandomUniform',
      'RandomNormalLike',
      'Multinomial',
      'SimplifiedLayerNormalization',
    ]);
  });

  test('coverage has not shrunk', () => {
    const count = (items: readonly Loaded[], source: Case['source']) =>
      items.filter(item => item.source === source).length;
    const [node, pytorch, older] = (['node', 'pytorch', 'older'] as const).map(source => count(run, source));
    const collected = Object.entries(counts)
      .filter(([key]) => key.startsWith('node'))
      .reduce((sum, [, some]) => sum + some, 0);
    console.log(
      `ONNX node tests: ${collected} collected, ${count(ours, 'node')} run, ${node} pass; ` +
        `beside them ${pytorch} of ${count(ours, 'pytorch')} that PyTorch exported and ${older} of older opsets`,
    );
    expect(node).toBeGreaterThanOrEqual(1460);
    expect(pytorch).toBeGreaterThanOrEqual(117);
    expect(older).toBeGreaterThanOrEqual(179);
  });

  // last: the cases above have filled the list
  test('ONNX Runtime has no CPU kernel for a few dtypes: there, only inference and folding were compared', () => {
    expect(withoutKernel.sort()).toEqual(missingKernels.slice().sort());
  });
});

const withoutKernel: string[] = [];

type Loaded = Omit<Case, 'model'> & { graph: Graph };

function load(python: string): { cases: Loaded[]; counts: Record<string, number> } {
  const script = fileURLToPath(new URL('./export_node_tests.py', import.meta.url));
  const key = createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 12);
  const file = fileURLToPath(new URL(`../../.cache/onnx-node-tests/${key}.jsonl`, import.meta.url));
  if (!existsSync(file)) execFileSync(python, [script, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const { counts } = JSON.parse(lines.pop()!) as { counts: Record<string, number> };
  const cases = lines.flatMap(line => {
    const { model, ...rest } = JSON.parse(line) as Case;
    try {
      return [{ ...rest, graph: decode(fromBase64(model), { path: rest.name }) }];
    } catch (error) {
      // sequences, maps, tensors of 4 and 8 bit floats: refused on reading, as decode's own tests show
      if (error instanceof FormatError) return [];
      throw error;
    }
  });
  return { cases, counts };
}

/** Made of operators that have rules. */
const isOurs = ({ graph }: Loaded): boolean =>
  graph.nodes.every(node => ruleOf(node.domain, node.op) !== undefined);

async function check({ name, graph, inputs, outputs, rtol, atol }: Loaded): Promise<void> {
  const canonical = upgrade(graph);
  const fed = new Map(inputs.map(packed => [packed.name, unpack(packed)]));
  const expected = outputs.map(unpack);
  inferred(recorded(canonical, fed).results, expected);
  // what folds must fold to the published values
  for (const [i, value] of folded(canonical, fed).entries()) if (value) close(value, expected[i], rtol, atol);

  // halves are computed in float32, as they are when a model is differentiated
  const half = isHalf(canonical) || expected.some(value => value.dtype === 'float16');
  const wide = (value: Tensor) => (half && value.dtype === 'float16' ? value.cast('float32') : value);
  const feeds = new Map([...fed].map(([name, value]) => [name, wide(value)]));
  const wanted = expected.map(wide);
  const { trace, results } = recorded(half ? widen(canonical) : canonical, feeds);
  inferred(results, wanted);
  const runnable = trace.graph(Object.fromEntries(results.map((y, i) => [`result_${i}`, y])));
  try {
    const made = await execute(runnable, Object.fromEntries(feeds));
    // a Fourier transform adds up thousands in float32, and the published zeros are exact
    const spectral = graph.nodes.some(node => node.op === 'DFT' || node.op === 'STFT');
    const largest = (value: Tensor) => value.toNumbers().reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const [r, a] = half ? [Math.max(rtol, 2e-3), Math.max(atol, 1e-3)] : [rtol, atol];
    // drawn anew in each run
    if (graph.nodes.some(node => /^(Random|Bernoulli)/.test(node.op))) return;
    results.forEach((_, i) =>
      close(made[`result_${i}`], wanted[i], r, spectral ? 1e-6 * largest(wanted[i]) : a),
    );
  } catch (error) {
    if (!lacksKernel(error)) throw error;
    withoutKernel.push(name);
  }
}

const inferred = (results: readonly Var[], expected: readonly Tensor[]): void =>
  results.forEach((y, i) => {
    expect(`${y.dtype} ${formatDims(y.dims)}`).toBe(`${expected[i].dtype} ${formatDims(expected[i].dims)}`);
  });

/** The outputs that are known before anything runs where every input is constant. */
function folded(graph: Graph, fed: ReadonlyMap<string, Tensor>): (Tensor | undefined)[] {
  const trace = new Trace();
  const feeds = Object.fromEntries([...fed].map(([name, value]) => [name, trace.constant(value)]));
  const values = trace.replay(graph, feeds);
  return graph.outputs.map(({ name }) => values.get(name)!.value);
}

/**
 * The graph in a trace, its inputs fed where the rules let them vary. Shapes, axes, pads and the like must be
 * constant for us; a case that feeds them gets them as constants.
 */
function recorded(graph: Graph, fed: ReadonlyMap<string, Tensor>): { trace: Trace; results: Var[] } {
  const names = graph.inputs.map(input => input.name);
  const attempt = (constant: (name: string, value: Tensor) => boolean) => {
    const trace = new Trace();
    const feeds = names.map(name => {
      const value = fed.get(name)!;
      const made = constant(name, value)
        ? trace.constant(value, name)
        : trace.input(name, value.dtype, value.dims);
      return [name, made] as const;
    });
    const values = trace.replay(graph, Object.fromEntries(feeds));
    return { trace, results: graph.outputs.map(({ name }) => values.get(name)!) };
  };
  const isIndex = (value: Tensor) => value.dims.length <= 1 && /^int/.test(value.dtype);
  const choices = [
    () => false,
    (_: string, value: Tensor) => isIndex(value),
    (name: string) => name !== names[0],
    () => true,
  ];
  for (const choice of choices.slice(0, -1))
    try {
      return attempt(choice);
    } catch (error) {
      if (!(error instanceof ComputedError)) throw error;
    }
  return attempt(choices[choices.length - 1]);
}

function unpack({ dtype, dims, data }: PackedTensor): Tensor {
  if (Array.isArray(data)) return new Tensor('string', dims, data);
  const { buffer } = fromBase64(data).slice();
  const store = {
    float32: Float32Array,
    float64: Float64Array,
    float16: Uint16Array,
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    int64: BigInt64Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    uint64: BigUint64Array,
    bool: Uint8Array,
  }[dtype as Exclude<DType, 'string'>];
  return new Tensor(dtype, dims, new store(buffer as ArrayBuffer));
}

/** |a − b| ≤ atol + rtol·|b|, not-a-numbers and infinities equal only to their like. */
function close(received: Tensor, expected: Tensor, rtol: number, atol: number): void {
  expect(received.dtype).toBe(expected.dtype);
  if (!sameDims(received.dims, expected.dims)) expect(received.dims).toEqual(expected.dims);
  if (expected.dtype === 'string' || /int64/.test(expected.dtype)) {
    expect(received.data).toEqual(expected.data);
    return;
  }
  const [a, b] = [received.toNumbers(), expected.toNumbers()];
  const wrong = b.findIndex((want, i) => {
    if (!Number.isFinite(want) || !Number.isFinite(a[i])) return !Object.is(want, a[i]);
    return Math.abs(a[i] - want) > atol + rtol * Math.abs(want);
  });
  if (wrong >= 0)
    throw new Error(`value ${wrong} of ${b.length}: received ${a[wrong]}, expected ${b[wrong]}`);
}
