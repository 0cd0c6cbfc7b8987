/** What every bench does: the best of many, a peer in Python, one JSON line a comparison. */
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

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
