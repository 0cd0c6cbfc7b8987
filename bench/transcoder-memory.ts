/**
 * What a transcoder of 16 384 features takes: width 512, 1024 rows a step. There is no peer to time, so `npm run bench`
 * compiles it but does not run it; by hand, after that: `node .cache/bench/transcoder-memory.js [steps]`.
 * One JSON line: {"name", "features", "steps", "step_ms", "loss": first and last, "peak_mb": of the whole process}.
 */
import { adam, Tensor, transcoder, type rng } from 'neuronbook';

const [width, features, rows] = [512, 16384, 1024];
const steps = Number(process.argv[2] ?? 50);

const normal = (random: ReturnType<typeof rng>) =>
  new Tensor('float32', [rows, width], Float32Array.from({ length: rows * width }, random.normal));
const t = await transcoder.fit((_step, random) => ({ x: normal(random), y: normal(random) }), {
  from: 'x',
  to: 'y',
  features,
  architecture: transcoder.topK({ k: 32 }),
  optimizer: adam({ lr: 1e-3 }),
  batch: rows,
  steps,
  live: false,
});
const { loss } = t.history!.metrics;
process.stdout.write(
  `${JSON.stringify({
    name: 'transcoder-memory',
    features: t.features,
    steps: t.history!.steps,
    step_ms: Math.round(1000 / t.history!.stepsPerSecond),
    loss: [loss[0], loss.at(-1)].map(value => +value!.toPrecision(4)),
    // kilobytes on Linux and macOS alike
    peak_mb: Math.round(process.resourceUsage().maxRSS / 1000),
  })}\n`,
);
