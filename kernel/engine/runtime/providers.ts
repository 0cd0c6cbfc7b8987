/** Where a session computes: what was asked for where this machine has it, the processor otherwise, and a line that says so. */
import { warn } from '../../base/host.ts';

/** ONNX Runtime's execution providers by its names: `cuda` NVIDIA, `dml` DirectML on Windows, `coreml` Apple. */
export type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'dml' | 'coreml' | 'webgpu' | 'wasm';

/** Where a provider was looked for, by the one that is always there. */
const places = { cpu: 'this build of ONNX Runtime', wasm: 'this browser' };

/** Lines that were said: one a cause is enough. */
const said = new Set<string>();

function once(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  warn(line);
}

/**
 * Creates with the providers wanted that this build has, best first, and with `basic` alone where that fails.
 * @param has what there is here
 * @param basic the provider that always works
 */
export async function withProviders<T>(
  wanted: readonly Provider[] = [],
  has: readonly string[],
  basic: 'cpu' | 'wasm',
  create: (providers: readonly string[]) => Promise<T>,
): Promise<T> {
  const others = wanted.filter(provider => provider !== 'cpu' && provider !== 'wasm');
  const present = others.filter(provider => has.includes(provider));
  for (const provider of others)
    if (!present.includes(provider))
      once(
        `provider ${provider} is not in ${places[basic]}, which has ${has.join(', ')}; ` +
          `using ${present.join(', ') || basic} instead`,
      );
  if (!present.length) return create([basic]);
  try {
    return await create([...present, basic]);
  } catch (error) {
    // where the graph itself is at fault, this fails too, and says why
    const made = await create([basic]);
    const why = (error as Error).message
      .replace(/^.*\b(?=Fail)/s, '')
      .replace(/\s+/g, ' ')
      .trim();
    once(`provider ${present.join(', ')} did not start: ${why.slice(0, 200)}; using ${basic} instead`);
    return made;
  }
}
