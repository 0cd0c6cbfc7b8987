/**
 * ONNX Runtime that a cell uses by itself is guarded as the library guards its own use: its addon's sessions raise
 * the host's flag around every native call, since terminating JavaScript inside one aborts Node.
 */
import type { Host } from '../base/host.ts';

type Guard = Pick<Host, 'enterNative' | 'leaveNative'>;
type Method = (...values: unknown[]) => unknown;
type Session = new (...values: unknown[]) => Record<string, unknown>;
type Addon = { exports: { InferenceSession?: Session } };

/** Native methods that take long. The host refuses them after an interrupt, which `dispose` must never be. */
const slow = ['loadModel', 'run'] as const;

/** Watches addons being loaded: Node's loader calls `process.dlopen` for every `.node` file. */
export function guardAddons(guard: Guard): void {
  const { dlopen } = process;
  process.dlopen = (module: object, filename: string, flags?: number) => {
    if (flags === undefined) dlopen(module, filename);
    else dlopen(module, filename, flags);
    const { exports } = module as Addon;
    if (/onnxruntime_binding\.node$/.test(filename) && exports.InferenceSession)
      exports.InferenceSession = guarded(exports.InferenceSession, guard);
  };
}

function guarded(Native: Session, { enterNative, leaveNative }: Guard): Session {
  class InferenceSession extends Native {}
  for (const name of slow) {
    const method = (Native.prototype as Record<string, Method | undefined>)[name];
    if (!method) continue;
    Object.defineProperty(InferenceSession.prototype, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...values: unknown[]) {
        enterNative();
        try {
          return method.apply(this, values);
        } finally {
          leaveNative();
        }
      },
    });
  }
  return InferenceSession;
}
