/** Which processes descend from which, so that an interrupt, and the kernel's end, reach what a cell has started. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

interface Entry {
  pid: number;
  parent: number;
  group: number;
}

/** `pid (name) state parent group …`; a name may hold blanks and brackets. */
const stat = /^(\d+) \(.*\) \S (\d+) (\d+) /s;

/** Every process of this machine; nothing where the system does not say, as on Windows. */
function processes(): Entry[] {
  if (process.platform === 'win32') return [];
  if (process.platform !== 'linux') return listed(spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=']).stdout);
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, pid, parent, group] = (stat.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? []).map(
        Number,
      );
      return pid ? [{ pid, parent, group }] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

const listed = (text: Buffer): Entry[] =>
  text
    .toString()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .filter(numbers => numbers.length === 3)
    .map(([pid, parent, group]) => ({ pid, parent, group }));

/**
 * The children of `root` and all that they started, the nearest first.
 *
 * @param skip direct children to leave out, with all below them
 * @param sameGroup leaves out what made itself a group of its own: a detached process is meant to live on
 */
export function descendants(
  root: number,
  { skip, sameGroup = false }: { skip?: ReadonlySet<number>; sameGroup?: boolean } = {},
): number[] {
  const all = processes();
  const group = all.find(({ pid }) => pid === root)?.group;
  const found = [root];
  // the array grows while it is walked
  for (const parent of found)
    for (const entry of all)
      if (entry.parent === parent && !skip?.has(entry.pid) && !(sameGroup && entry.group !== group))
        found.push(entry.pid);
  return found.slice(1);
}

/** Sends `signal` to each; one that has ended meanwhile is no news. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch {
      continue;
    }
}
