/**
 * ONNX Runtime's own account of its time: a JSON file of events, of which the kernels' are read. Node only: the web
 * build writes no files.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The calls of one kernel. */
export interface KernelTime {
  /** The node's name, or what ONNX Runtime made of it where it fused or reordered. */
  readonly node: string;
  readonly op: string;
  /** Milliseconds of each call. */
  readonly times: readonly number[];
}

interface Event {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const suffix = '_kernel_time';

/** A folder to profile into, and what has been written there; call `read` once, after the session's `endProfiling`. */
export async function profileFolder(): Promise<{ prefix: string; read: () => Promise<KernelTime[]> }> {
  const folder = await mkdtemp(join(tmpdir(), 'neuronbook-profile-'));
  return {
    prefix: join(folder, 'ort'),
    async read() {
      const [file] = await readdir(folder);
      const text = file ? await readFile(join(folder, file), 'utf8') : '[]';
      await rm(folder, { recursive: true, force: true });
      return kernelTimes(JSON.parse(text) as Event[]);
    },
  };
}

export function kernelTimes(events: readonly Event[]): KernelTime[] {
  const kernels = new Map<string, { node: string; op: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith(suffix)) continue;
    const node = name.slice(0, -suffix.length);
    const kernel = kernels.get(node) ?? { node, op: args?.op_name ?? '', times: [] };
    kernel.times.push(dur / 1000);
    kernels.set(node, kernel);
  }
  return [...kernels.values()];
}
