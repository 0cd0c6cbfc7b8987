/** `%timeit`: how long some code takes, as the mean of many runs. */
import { durationOf } from '../duration.ts';
import { print, type Magic, type MagicCell } from '../magic.ts';

const RUNS = 7;
/** A run takes at least this long, in ms, so that the clock's own steps do not count. */
const ENOUGH = 100;

async function timeit(code: string, cell: MagicCell): Promise<void> {
  // once as it stands: what it needs is loaded, and an error has its place
  await cell.evaluate();
  const repeat = (await cell.evaluate(
    `(async (times: number) => { for (let done = 0; done < times; done++) {\n${code}\n} })`,
  )) as (times: number) => Promise<void>;
  const measure = async (times: number) => {
    const since = performance.now();
    await repeat(times);
    return performance.now() - since;
  };
  let loops = 1;
  while (loops < 1e9 && (await measure(loops)) < ENOUGH) loops *= 10;
  const each: number[] = [];
  for (let run = 0; run < RUNS; run++) each.push((await measure(loops)) / loops);
  const mean = each.reduce((sum, ms) => sum + ms, 0) / RUNS;
  // σ² = Σ (x − x̄)² / n
  const deviation = Math.sqrt(each.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / RUNS);
  print(
    `${durationOf(mean)} ± ${durationOf(deviation)} per loop (mean ± std. dev. of ${RUNS} runs, ${loops.toLocaleString('en')} ${loops > 1 ? 'loops' : 'loop'} each)`,
  );
}

export default {
  usage: '%timeit CODE, or %%timeit above a cell',
  about: 'runs the code many times and says how long one run takes',
  line: timeit,
  cell: (_, body, cell) => timeit(body, cell),
} satisfies Magic;
