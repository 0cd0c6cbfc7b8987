/**
 * Whether harvesting keeps memory flat: 10⁶ tokens of a small network to disk, and how large the process is on the
 * way. There is no peer to time, so `npm run bench` compiles it but does not run it; by hand, after that:
 * `node .cache/bench/harvest-memory.js [tokens]`.
 * One JSON line: {"name", "rows", "seconds", "values_mb", "disk_mb", "rss_mb": at each tenth, "late_growth_mb"}.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harvest, Model, nn, rng, stories } from 'neuronbook';

const [batch, length, features] = [64, 128, 64];
const tokens = Number(process.argv[2] ?? 1_000_000);
const batches = Math.ceil(tokens / (batch * length));

const model = new Model(
  'mlp',
  nn.network(
    nn.sequential(
      nn.embedding('embed', { count: stories.vocabulary.size, features }),
      nn.residual('placed', nn.learnedPositions('position', { count: length })),
      nn.linear('hidden', { features }),
      nn.relu('active'),
      nn.linear('logits', { features: stories.vocabulary.size }),
    ),
    { inputs: { tokens: ['batch', 'length'] }, dtypes: { tokens: 'int64' } },
  ),
);

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-harvest-'));
try {
  const rss: number[] = [];
  const start = performance.now();
  const data = (step: number) => {
    if (step % Math.max(1, Math.floor(batches / 10)) === 0)
      rss.push(Math.round(process.memoryUsage.rss() / 1e6));
    return { tokens: stories.batch(rng(step), batch, { length }).tokens };
  };
  const acts = await harvest(model, data, { read: ['active'], batches, to: folder, live: false });
  process.stdout.write(
    `${JSON.stringify({
      name: 'harvest-memory',
      rows: acts.rows,
      seconds: +((performance.now() - start) / 1000).toFixed(1),
      values_mb: Math.round((acts.rows * features * 4) / 1e6),
      disk_mb: +(acts.bytes / 1e6).toFixed(1),
      rss_mb: rss,
      // what the last seven tenths added to the largest of the first three
      late_growth_mb: Math.max(...rss.slice(3)) - Math.max(...rss.slice(0, 3)),
    })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
