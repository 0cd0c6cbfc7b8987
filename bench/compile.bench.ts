/**
 * How long it takes from a network to a step that is ready to run: the training graph of a GPT (4 layers, d = 256), made
 * anew and made again, and of that what compiling an equal graph costs; and how a step's time and the process's peak
 * memory grow with width, depth, batch and length. One JSON line each; growth as the exponent of a power law fitted to
 * ×1, ×2, ×4.
 */
import { performance } from 'node:perf_hooks';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { adam, crossEntropy, fit, nn, rng, tensor } from 'neuronbook';

interface Size {
  layers: number;
  width: number;
  batch: number;
  length: number;
}
const vocabulary = 1024;

function task({ layers, width, batch, length }: Size) {
  const random = rng(0);
  const tokens = () =>
    tensor(
      BigInt64Array.from({ length: batch * length }, () => BigInt(random.integer(vocabulary))),
      [batch, length],
    );
  const graph = nn.gpt2({ layers, width, heads: 4, vocabulary, context: length });
  return { graph, data: { tokens: tokens(), label: tokens() } };
}

/** Milliseconds until the first step is done, and the shortest step after it. */
async function timed({ graph, data }: ReturnType<typeof task>, steps: number) {
  const began = performance.now();
  const times: number[] = [];
  await fit(graph, () => data, {
    loss: crossEntropy(),
    optimizer: adam(),
    steps,
    live: false,
    onStep: () => void times.push(performance.now()),
  });
  const lengths = times.slice(1).map((time, i) => time - times[i]);
  return { first: times[0] - began, step: Math.min(...lengths) };
}

/** A module of the built package: compiling alone is nothing that the front door has. */
const inside = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../../kernel/dist/${file}`, import.meta.url).href)) as T;

/** Milliseconds to compile the training graph of a network, and then those of nineteen more that are made alike. */
async function compiled({ graph, data }: ReturnType<typeof task>): Promise<number[]> {
  type Graph = ReturnType<typeof nn.gpt2>;
  type Made = (of: object) => Graph;
  const { stepGraph } = await inside<{ stepGraph: Made }>('train/step.js');
  const { parametersOf, grouped } = await inside<{
    parametersOf(graph: Graph): unknown[];
    grouped(parameters: unknown[], groups: []): unknown;
  }>('train/parameters.js');
  const { compile } = await inside<{ compile(graph: Graph): Promise<unknown> }>('engine/compile.js');
  const times: number[] = [];
  for (let made = 0; made < 20; made++) {
    const parameters = grouped(parametersOf(graph), []);
    const step = stepGraph({ graph, parameters, batch: data, loss: crossEntropy(), optimizer: adam() });
    const began = performance.now();
    await compile(step);
    times.push(performance.now() - began);
  }
  return times;
}

const size: Size = { layers: 4, width: 256, batch: 16, length: 128 };
const grown = process.argv[2];
if (grown !== undefined) {
  // a process of its own, so that its peak is its own
  const { step } = await timed(task({ ...size, ...(JSON.parse(grown) as Partial<Size>) }), 6);
  process.stdout.write(JSON.stringify({ step, peak: process.resourceUsage().maxRSS * 1024 }));
} else {
  const made = task(size);
  const [first, ...others] = await compiled(made);
  const anew = await timed(made, 6);
  const again = await timed(made, 6);
  const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const round = (value: number) => +value.toPrecision(3);
  print({
    name: 'compile gpt-l4-d256 training graph',
    nodes_ready_ms: round(anew.first - anew.step),
    again_ms: round(again.first - again.step),
    compiled_ms: round(first),
    equal_compiled_ms: round(others.sort((a, b) => a - b)[Math.floor(others.length / 2)]),
  });

  const base: Size = { layers: 2, width: 64, batch: 8, length: 64 };
  for (const axis of Object.keys(base) as (keyof Size)[]) {
    const points = [1, 2, 4].map(factor => {
      const at = { ...base, [axis]: base[axis] * factor };
      const script = fileURLToPath(import.meta.url);
      const output = execFileSync(process.execPath, [script, JSON.stringify(at)], { encoding: 'utf8' });
      return { factor, ...(JSON.parse(output) as { step: number; peak: number }) };
    });
    const exponent = (value: (point: (typeof points)[number]) => number) =>
      slope(points.map(point => [Math.log(point.factor), Math.log(value(point))]));
    print({
      name: `growth with ${axis}`,
      step_ms: points.map(({ step }) => round(step)),
      peak_mb: points.map(({ peak }) => Math.round(peak / 2 ** 20)),
      time_exponent: round(exponent(({ step }) => step)),
      memory_exponent: round(exponent(({ peak }) => peak)),
    });
  }
}

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  return (
    points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) /
    points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
  );
}
