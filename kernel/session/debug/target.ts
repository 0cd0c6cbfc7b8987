/** One runner as the debugger sees it: V8's protocol, the scripts it has compiled, and the probe inside. */
import { DebugError } from './dap.ts';
import { createCdp } from './cdp.ts';
import { probeExpression, type Probe } from './probe.ts';
import type { Duplex } from 'node:stream';
import type { Debugger, Runtime } from 'node:inspector';
import type { Position } from '../cell-map.ts';

/** A place where V8 can stop, in the JavaScript (from 0) and in the TypeScript that it came from (from 1). */
export interface Place {
  lineNumber: number;
  columnNumber: number;
  /** Whether a function ends here. */
  isReturn: boolean;
  at: Position;
}

type Answer = { result: Runtime.RemoteObject; exceptionDetails?: Runtime.ExceptionDetails };
type Answers<Method extends keyof Probe> = Awaited<ReturnType<Probe[Method]>>;

export type Target = ReturnType<typeof createTarget>;

export interface TargetEvents {
  onPaused(event: Debugger.PausedEventDataType): void;
  onScript(id: string, url: string): void;
}

export function createTarget(line: Duplex, { onPaused, onScript }: TargetEvents) {
  const urls = new Map<string, string>();
  const codes = new Map<string, Promise<string>>();
  const places = new Map<string, Promise<Place[]>>();
  const sources = new Map<string, Promise<string>>();

  const { post } = createCdp(line, (method, params: never) => {
    if (method === 'Debugger.paused') onPaused(params);
    else if (method === 'Debugger.scriptParsed') {
      const { scriptId, url } = params as Debugger.ScriptParsedEventDataType;
      if (!url) return;
      urls.set(scriptId, url);
      onScript(scriptId, url);
    }
  });

  /** Calls a method of the probe. */
  async function ask<Method extends keyof Probe>(
    method: Method,
    ...given: Parameters<Probe[Method]>
  ): Promise<Answers<Method>> {
    const expression = `${probeExpression}.${method}(${JSON.stringify(given).slice(1, -1)})`;
    return unwrap<Answers<Method>>(
      await post<Answer>('Runtime.evaluate', { expression, ...quietly, awaitPromise: later.has(method) }),
    );
  }

  const codeOf = (script: string): Promise<string> =>
    remember(codes, script, async () => {
      const source = await post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId: script });
      return source.scriptSource;
    });

  async function findPlaces(script: string): Promise<Place[]> {
    const start = { scriptId: script, lineNumber: 0, columnNumber: 0 };
    const [{ locations }, code] = await Promise.all([
      post<{ locations: Debugger.BreakLocation[] }>('Debugger.getPossibleBreakpoints', { start }),
      codeOf(script),
    ]);
    const lines = code.split('\n');
    const own = locations
      .map(({ lineNumber, columnNumber = 0, type }) => ({
        lineNumber,
        columnNumber,
        isReturn: type === 'return',
      }))
      .filter(place => !isInserted(lines, place));
    const found = await locate(script, own);
    return own.flatMap((place, i) => (found[i] ? [{ ...place, at: found[i] }] : []));
  }

  const locate = (script: string, positions: readonly { lineNumber: number; columnNumber?: number }[]) =>
    ask(
      'locate',
      urls.get(script) ?? '',
      positions.map(({ lineNumber, columnNumber = 0 }) => [lineNumber + 1, columnNumber + 1]),
    );

  return {
    post,
    ask,
    codeOf,
    locate,
    /** Evaluates JavaScript where a frame stands. */
    async onFrame<Value>(callFrameId: string, expression: string): Promise<Value> {
      return unwrap<Value>(
        await post<Answer>('Debugger.evaluateOnCallFrame', { callFrameId, expression, ...quietly }),
      );
    },
    /** Compiles a function expression under a name, without calling it; answers its script, kept until the next. */
    async compile(name: string, code: string): Promise<string> {
      await post('Runtime.releaseObjectGroup', { objectGroup: 'compiled' });
      const expression = `${code}\n//# sourceURL=${name}`;
      await post('Runtime.evaluate', { expression, silent: true, objectGroup: 'compiled' });
      const found = [...urls].findLast(([, url]) => url === name);
      if (!found) throw new DebugError(`${name}: V8 did not compile it`);
      return found[0];
    },
    url: (script: string) => urls.get(script) ?? '',
    /** The TypeScript of a cell. */
    sourceOf: (script: string): Promise<string> =>
      remember(sources, script, async () => (await ask('sources', [urls.get(script) ?? '']))[0] ?? ''),
    scripts: () => [...urls],
    /** Where a script can stop, in the order of its code. */
    places: (script: string) => remember(places, script, () => findPlaces(script)),
    async isInserted({ scriptId, lineNumber, columnNumber = 0 }: Debugger.Location): Promise<boolean> {
      return isInserted((await codeOf(scriptId)).split('\n'), { lineNumber, columnNumber });
    },
  };
}

/** What the probe answers with a promise. Awaiting anything else would wait for a cell that stands still. */
const later = new Set<keyof Probe>(['evaluate', 'richLater']);

/** Nothing that the debugger itself runs may stop at a breakpoint or count as a failed cell. */
const quietly = { returnByValue: true, silent: true, disableBreaks: true };

const unwrap = <Value>(answer: Answer): Value => valueOf(answer) as Value;

function valueOf({ result, exceptionDetails }: Answer): unknown {
  if (!exceptionDetails) return result.value;
  const { exception, text } = exceptionDetails;
  throw new DebugError((exception?.description ?? text).split('\n')[0].replace(/^DebugError: /, ''));
}

function remember<Value>(cache: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>) {
  const made = cache.get(key) ?? make();
  cache.set(key, made);
  made.catch(() => cache.delete(key));
  return made;
}

/** The first line of a compiled cell is all the kernel's, and so are its looks at the interrupt. */
const isInserted = (
  lines: readonly string[],
  { lineNumber, columnNumber }: Pick<Place, 'lineNumber' | 'columnNumber'>,
): boolean =>
  (lineNumber === 0 && lines[0].includes('(__scope, __check')) ||
  lines[lineNumber]?.startsWith('__check()', columnNumber);
