/**
 * The op test bench: runs graphs on the real ONNX Runtime and compares our gradients with finite differences.
 * Every op's test is one line of a `test.each` table whose rows are `checkGradient`'s arguments.
 */
import { environment } from '#platform/environment';
import type { DType } from '../base/dtype.ts';
import { isFloat } from '../base/dtype.ts';
import { NeuronbookError } from '../base/errors.ts';
import { rng } from '../base/rng.ts';
import { formatDims, sameDims, sizeOf, type Dims } from '../base/shape.ts';
import { isTensor, tensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, Node, ValueInfo } from '../onnx/graph.ts';
import { compile, type Program, type SessionOptions } from './compile.ts';
import { add, dtypeNumber, mul, reduceSum } from './functions.ts';
import { gradients } from './grad.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';
import { failsOnWeb } from './web-known.ts';

/** The computation under test. Several results are all weighed into the loss. */
export type Build = (...inputs: Var[]) => Var | readonly Var[];

export interface GradientOptions {
  /** Largest accepted max|ours − differences| / max|differences|. */
  tolerance?: number;
  /** Step of the finite differences; default 2⁻¹⁰ where ONNX Runtime has the op in float64, else 2⁻⁶. */
  step?: number;
  /** The gradient is zero everywhere (Floor, Sign): accepted only where this says so. */
  zero?: boolean;
}

/** One row of a test table: what `checkGradient` takes. */
export type Case = [name: string, build: Build, inputs: readonly Tensor[], options?: GradientOptions];

/** Standard normal values, the same for the same dims and seed. */
export function normal(dims: Dims, seed: number | string = 0): Tensor {
  const random = rng(`${seed}/${dims.join()}`);
  return tensor(
    Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
    dims,
  );
}

/** Uniform values in [low, high), the same for the same dims and seed. */
export function uniform(dims: Dims, low: number, high: number, seed: number | string = 0): Tensor {
  const random = rng(`${seed}/${dims.join()}`);
  return tensor(
    Float32Array.from({ length: sizeOf(dims) }, () => random.between(low, high)),
    dims,
  );
}

/** Compiles a graph for `use`, and frees the session after it. */
export async function withSession<T>(
  graph: Graph,
  use: (run: Program['run']) => Promise<T>,
  options?: SessionOptions,
): Promise<T> {
  const program = await compile(graph, { threads: 1, ...options });
  try {
    return await use(program.run);
  } finally {
    await program.release();
  }
}

/** Whether ONNX Runtime has the operator, but not for these element types. */
export const lacksKernel = (error: unknown): boolean =>
  error instanceof NeuronbookError &&
  /no implementation for these element types|make the types|does not support double/.test(error.message);

/** One run of a graph on ONNX Runtime. Feeds that the graph does not use are left out. */
export const execute = (
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> => withSession(graph, run => run(used(graph, feeds)));

/**
 * Compares ∂L/∂inputs from our graph (float32, on ONNX Runtime) with finite differences of the forward graph,
 * where L = Σ w·y over all results y, with fixed random weights w:
 *
 *   L′(x) ≈ (8(L(x+h) − L(x−h)) − (L(x+2h) − L(x−2h))) / 12h      error O(h⁴)
 *
 * The differences run in float64 where ONNX Runtime has the ops in it, in float32 otherwise; L is summed in float64.
 * @param inputs float inputs are differentiated, all others are only fed
 * @throws where the two differ
 */
export async function checkGradient(
  name: string,
  build: Build,
  inputs: readonly Tensor[],
  options: GradientOptions = {},
): Promise<void> {
  const onWeb = environment('NEURONBOOK_TEST_RUNTIME') === 'web';
  if (!onWeb || !failsOnWeb[name]) return compareGradient(name, build, inputs, options);
  const fails = await compareGradient(name, build, inputs, options).then(
    () => false,
    () => true,
  );
  if (!fails) throw new Error(`${name}: passes on WebAssembly now; take it from web-known.ts`);
}

async function compareGradient(
  name: string,
  build: Build,
  inputs: readonly Tensor[],
  { tolerance = 1e-3, step, zero = false }: GradientOptions,
): Promise<void> {
  const { forward, backward, weights } = traced(build, inputs);
  const differentiated = inputs.flatMap((input, i) => (isFloat(input.dtype) ? [i] : []));
  if (differentiated.length === 0) throw new Error(`${name}: no float input to differentiate`);
  const ours = await execute(backward, feedsOf(inputs));
  for (const { name: output, dims, dtype } of backward.outputs)
    if (!sameDims(ours[output].dims, dims as Dims) || ours[output].dtype !== dtype)
      throw new Error(
        `${name}: inferred ${dtype} ${formatDims(dims!)} for ${output}; ` +
          `ONNX Runtime made ${ours[output].dtype} ${formatDims(ours[output].dims)}`,
      );
  const differences = await finiteDifferences(forward, inputs, differentiated, weights, step);

  let [worst, scale] = [0, 0];
  for (const i of differentiated) {
    const gradient = ours[`d${i}`];
    if (!sameDims(gradient.dims, inputs[i].dims))
      throw new Error(
        `${name}: gradient of input ${i} is ${formatDims(gradient.dims)}; expected ${formatDims(inputs[i].dims)}`,
      );
    const received = gradient.toNumbers();
    const expected = differences.get(i)!;
    const difference = Math.max(...received.map((value, k) => Math.abs(value - expected[k])));
    const largest = Math.max(...expected.map(Math.abs));
    if (Number.isNaN(difference)) throw new Error(`${name}: gradient of input ${i} holds NaN: ${received}`);
    // an input that alone does not matter is judged by the scale of the others
    scale = Math.max(scale, largest);
    worst = Math.max(worst, largest > 1e-6 ? difference / largest : difference);
    if (worst > tolerance)
      throw new Error(
        `${name}: gradient of input ${i} is off by ${worst.toExponential(1)} relative; expected < ${tolerance}\n` +
          `received ${brief(received)}\nexpected ${brief(expected)}`,
      );
  }
  if (scale <= 1e-6 && !zero)
    throw new Error(`${name}: every derivative is zero, so this case checks nothing; give other inputs`);
  if (scale > 1e-6 && zero) throw new Error(`${name}: expected zero derivatives; differences give ${scale}`);
}

/** The slope at one point, for the conventions at corners, where differences say nothing. */
export async function checkSlope(
  name: string,
  build: (x: Var) => Var,
  at: number,
  expected: number,
): Promise<void> {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [1]);
  const seed = trace.constant(tensor([1], [1]));
  const graph = trace.graph({ slope: gradients(trace, build(x), [x], seed)[0] });
  const [received] = (await execute(graph, { x: tensor([at], [1]) })).slope.toNumbers();
  if (Math.abs(received - expected) > 1e-6)
    throw new Error(`${name}: slope ${received}; expected ${expected}`);
}

/** The computation that yields ∂L/∂inputs, so that checking its gradient checks second derivatives. */
export const second =
  (build: Build): Build =>
  (...inputs) => {
    const results = list(build(...inputs));
    return slopesOf(results, weightsFor(results, 'first'), inputs);
  };

function traced(build: Build, inputs: readonly Tensor[]) {
  const trace = new Trace();
  const vars = inputs.map(({ dtype, dims }, i) => trace.input(`x${i}`, dtype, dims));
  const results = list(build(...vars));
  const forward = trace.graph(Object.fromEntries(results.map((y, i) => [`y${i}`, y])));
  const weights = weightsFor(results, 'weights');
  const floats = vars.filter(input => isFloat(input.dtype));
  const slopes = slopesOf(results, weights, vars);
  // the results are fetched too, so that their inferred dims are checked
  const backward = trace.graph({
    ...Object.fromEntries(results.map((y, i) => [`y${i}`, y])),
    ...Object.fromEntries(slopes.map((dx, i) => [`d${vars.indexOf(floats[i])}`, dx])),
  });
  return { forward, backward, weights };
}

const weightsFor = (results: readonly Var[], seed: string) =>
  results.map((y, i) => normal(y.dims, `${seed}/${i}`).cast(y.dtype));

/** ∂(Σ w·y)/∂x for each float x: one result takes its weights as the seed, several are first summed. */
function slopesOf(results: readonly Var[], weights: readonly Tensor[], inputs: readonly Var[]): Var[] {
  const trace = inputs[0].trace as Trace;
  const floats = inputs.filter(input => isFloat(input.dtype));
  const seeds = weights.map(weight => trace.constant(weight));
  if (results.length === 1) return gradients(trace, results[0], floats, seeds[0]);
  const loss = results.map((y, i) => reduceSum(mul(y, seeds[i]))).reduce(add);
  return gradients(trace, loss, floats);
}

/** Without ONNX Runtime's fusions: it also makes those that it has no float64 kernels for. */
const basic: SessionOptions = { optimize: 'basic' };

async function finiteDifferences(
  forward: Graph,
  inputs: readonly Tensor[],
  at: readonly number[],
  weights: readonly Tensor[],
  step?: number,
): Promise<Map<number, number[]>> {
  const measure = (graph: Graph, fed: readonly Tensor[], h: number) =>
    withSession(
      graph,
      async run => {
        const loss = async () => {
          const results = await run(used(graph, feedsOf(fed)));
          let sum = 0;
          weights.forEach((weight, i) => {
            const y = results[`y${i}`].toFloat32OrWider();
            const w = weight.toFloat32OrWider();
            for (let k = 0; k < w.length; k++) sum += w[k] * y[k];
          });
          return sum;
        };
        const slopes = new Map<number, number[]>();
        for (const i of at) {
          const data = fed[i].data as Float64Array;
          const found: number[] = [];
          for (let k = 0; k < data.length; k++) {
            const x = data[k];
            const at = async (value: number) => {
              data[k] = value;
              return loss();
            };
            const near = (await at(x + h)) - (await at(x - h));
            const far = (await at(x + 2 * h)) - (await at(x - 2 * h));
            data[k] = x;
            found.push((8 * near - far) / (12 * h));
          }
          slopes.set(i, found);
        }
        return slopes;
      },
      basic,
    );
  const copies = (dtype: DType) =>
    inputs.map(input =>
      isFloat(input.dtype) ? tensor(Array.from(input.toNumbers()), input.dims, dtype) : input,
    );
  try {
    return await measure(doubled(forward), copies('float64'), step ?? 2 ** -10);
  } catch (error) {
    if (!lacksKernel(error)) throw error;
    return measure(forward, copies('float32'), step ?? 2 ** -6);
  }
}

/** The same graph in float64. */
function doubled(graph: Graph): Graph {
  const info = (value: ValueInfo): ValueInfo =>
    value.dtype === 'float32' ? { ...value, dtype: 'float64' } : value;
  const wide = (value: Tensor): Tensor => (value.dtype === 'float32' ? value.cast('float64') : value);
  const attribute = (name: string, value: Attribute): Attribute =>
    isTensor(value)
      ? wide(value)
      : name === 'to' && value === dtypeNumber('float32')
        ? dtypeNumber('float64')
        : value;
  return {
    ...graph,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    nodes: graph.nodes.flatMap(node =>
      wideStatistics({
        ...node,
        attributes: Object.fromEntries(
          Object.entries(node.attributes).map(([name, value]) => [name, attribute(name, value)]),
        ),
      }),
    ),
    constants: new Map([...graph.constants].map(([name, value]) => [name, wide(value)])),
    values: new Map([...graph.values].map(([name, value]) => [name, info(value)])),
  };
}

/** The statistics of a layer normalization are float32 whatever it normalizes: a Cast behind each. */
function wideStatistics(node: Node): Node[] {
  if (!/^(Simplified)?LayerNormalization$/.test(node.op)) return [node];
  const outputs = node.outputs.map((name, i) => (i > 0 && name ? `${name}/single` : name));
  const casts = node.outputs.flatMap((name, i): Node[] =>
    i > 0 && name
      ? [
          {
            op: 'Cast',
            domain: '',
            name,
            inputs: [outputs[i]],
            outputs: [name],
            attributes: { to: dtypeNumber('float64') },
          },
        ]
      : [],
  );
  return [{ ...node, outputs }, ...casts];
}

const list = (results: Var | readonly Var[]): readonly Var[] =>
  Array.isArray(results) ? (results as readonly Var[]) : [results as Var];

const used = (graph: Graph, feeds: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]]));

const feedsOf = (inputs: readonly Tensor[]) => Object.fromEntries(inputs.map((input, i) => [`x${i}`, input]));

const brief = (values: readonly number[]): string =>
  `${values
    .slice(0, 24)
    .map(value => +value.toPrecision(5))
    .join(' ')}${values.length > 24 ? ' …' : ''}`;
