/**
 * What every bench does: the best of many, a peer in Python, one JSON line a comparison, and the machine's own rate
 * of matrix products to hold it against.
 */
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Model, nn, rng, tensor, type Tensor } from 'neuronbook';

const random = rng(0);

/** Normal numbers. */
export const floats = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal()),
    dims,
  );

/** Whole numbers from 0 to below `below`. */
export const integers = (below: number, ...dims: number[]): Tensor =>
  tensor(
    BigInt64Array.from({ length: dims.reduce((a, b) => a * b) }, () => BigInt(random.integer(below))),
    dims,
  );

/** The shortest of `count` calls, in milliseconds, after a few that do not count. */
export async function best(work: () => Promise<unknown>, count = 20, warm = 4): Promise<number> {
  let shortest = Infinity;
  for (let i = -warm; i < count; i++) {
    const start = performance.now();
    await work();
    if (i >= 0) shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}

/** What `bench/peers/<script>.py` prints, with the interpreter of the peers' environment. */
export function peer(script: string, ...args: string[]): string {
  const path = fileURLToPath(new URL(`../../bench/peers/${script}.py`, import.meta.url));
  return execFileSync(process.env.NEURONBOOK_BENCH_PYTHON ?? 'python3', [path, ...args], {
    encoding: 'utf8',
    timeout: 600_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Prints a comparison; `more` is whatever else is known of it. */
export function report(
  name: string,
  oursMs: number,
  peerName: string,
  peerMs: number,
  more: object = {},
): void {
  const round = (value: number) => +value.toPrecision(4);
  const [ours_ms, peer_ms, ratio] = [oursMs, peerMs, oursMs / peerMs].map(round);
  process.stdout.write(`${JSON.stringify({ name, ours_ms, peer: peerName, peer_ms, ratio, ...more })}\n`);
}

/** The product of two square matrices of this size, ready to run. */
export function squareProduct(size: number): () => Promise<unknown> {
  const inputs = { x: ['batch', size] };
  const model = new Model('product', nn.network(nn.linear('y', { features: size, bias: false }), { inputs }));
  const x = floats(size, size);
  return () => model.run({ x });
}

/** The most that was ever measured: the machine may have been busy before. */
let rate = 0;

/**
 * The share of the machine's rate of matrix products (multiply-adds a millisecond in one of 1024²) that this many
 * multiply-adds in `ms` come to: what is left of 1 is not matrix products, or products of worse shapes.
 */
export async function ofMatmulRate(multiplyAdds: number, ms: number): Promise<{ of_matmul_rate: number }> {
  rate = Math.max(rate, 1024 ** 3 / (await best(squareProduct(1024))));
  return { of_matmul_rate: +(multiplyAdds / ms / rate).toFixed(3) };
}
