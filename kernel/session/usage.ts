/** What the kernel costs its machine, as `usage_request` asks: the supervisor, its runner, and all that cells started. */
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, hostname, totalmem } from 'node:os';
import { promisify } from 'node:util';

interface Process {
  pid: number;
  parent: number;
  /** Processor time since its start, in seconds. */
  cpu: number;
  /** Resident memory, in bytes. */
  memory: number;
}

/** Clock ticks a second and bytes a page, as Linux reports them to everybody. */
const TICKS = 100;
const PAGE = 4096;

export function createUsage(root = process.pid) {
  let before = { at: performance.now(), cpu: new Map<number, number>(), host: hostTimes() };

  return async function usage(): Promise<object> {
    const processes = descendants(await list(), root);
    const now = {
      at: performance.now(),
      cpu: new Map(processes.map(p => [p.pid, p.cpu])),
      host: hostTimes(),
    };
    const seconds = Math.max(0.001, (now.at - before.at) / 1000);
    const spent = processes.reduce((sum, { pid, cpu }) => sum + cpu - (before.cpu.get(pid) ?? 0), 0);
    const host = now.host.total - before.host.total;
    const busy = host > 0 ? 1 - (now.host.idle - before.host.idle) / host : 0;
    before = now;
    const memory = await Promise.all(processes.map(proportional));
    const total = totalmem();
    const available = freemem();
    return {
      hostname: hostname(),
      pid: root,
      kernel_cpu: percent(spent / seconds),
      kernel_memory: memory.reduce((sum, bytes) => sum + bytes, 0),
      host_cpu_percent: percent(busy),
      cpu_count: availableParallelism(),
      host_virtual_memory: {
        total,
        available,
        percent: percent(1 - available / total),
        used: total - available,
        free: available,
      },
    };
  };
}

const percent = (share: number): number => Math.round(Math.max(0, share) * 1000) / 10;

function hostTimes(): { total: number; idle: number } {
  const times = cpus().map(({ times: { user, nice, sys, idle, irq } }) => [
    user + nice + sys + idle + irq,
    idle,
  ]);
  return {
    total: times.reduce((sum, [all]) => sum + all, 0),
    idle: times.reduce((sum, [, idle]) => sum + idle, 0),
  };
}

function descendants(all: readonly Process[], root: number): Process[] {
  const found = all.filter(({ pid }) => pid === root);
  // the array grows while it is walked
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** Every process that can be seen; only this one where the system does not say. */
async function list(): Promise<Process[]> {
  try {
    if (process.platform === 'linux') return await fromProc();
    if (process.platform !== 'win32') return await fromPs();
  } catch {
    // a system without the usual places
  }
  const { user, system } = process.cpuUsage();
  return [{ pid: process.pid, parent: 0, cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() }];
}

async function fromProc(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const stats = await Promise.all(
    pids.map(pid => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)),
  );
  return stats
    .filter(text => text !== undefined)
    .map(text => {
      // `pid (name) state parent …`; a name may hold blanks and brackets
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const [parent, user, system, pages] = [1, 11, 12, 21].map(i => Number(fields[i]));
      return { pid: parseInt(text), parent, cpu: (user + system) / TICKS, memory: pages * PAGE };
    });
}

async function fromPs(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,time=']);
  return stdout
    .trim()
    .split('\n')
    .map(line => {
      const [pid, parent, kilobytes, time] = line.trim().split(/\s+/);
      // [hours:]minutes:seconds
      const cpu = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
      return { pid: Number(pid), parent: Number(parent), cpu, memory: Number(kilobytes) * 1024 };
    });
}

/** Memory with what processes share counted once among them, where Linux tells. */
async function proportional({ pid, memory }: Process): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
  const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(text) ?? [];
  return kilobytes ? Number(kilobytes) * 1024 : memory;
}
