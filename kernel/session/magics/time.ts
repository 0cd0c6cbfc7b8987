/** `%time`: how long some code takes, once. */
import { durationOf } from '../duration.ts';
import { print, type Magic, type MagicCell } from '../magic.ts';

async function time(cell: MagicCell): Promise<unknown> {
  const cpu = process.cpuUsage();
  const since = performance.now();
  const value = await cell.evaluate();
  const wall = performance.now() - since;
  const { user, system } = process.cpuUsage(cpu);
  // process.cpuUsage counts microseconds
  const [inUser, inSystem] = [durationOf(user / 1000), durationOf(system / 1000)];
  print(`CPU times: user ${inUser}, sys: ${inSystem}, total: ${durationOf((user + system) / 1000)}`);
  print(`Wall time: ${durationOf(wall)}`);
  return value;
}

export default {
  usage: '%time CODE, or %%time above a cell',
  about: 'runs the code and says how long it took',
  line: (_, cell) => time(cell),
  cell: (_, __, cell) => time(cell),
} satisfies Magic;
