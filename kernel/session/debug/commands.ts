/** What each command of a debug client does: arguments in, body of the response out. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Breakpoints } from './breakpoints.ts';
import { DebugError, sourceBreakpoints, sourcePath, text, whole, type Page, type Variable } from './dap.ts';
import { isCell, isUsers, namesAt, pathOfFile, readFrame } from './frames.ts';
import { probeExpression, type Outcome } from './probe.ts';
import { HASH_SEED, SUFFIX, type Sources } from './sources.ts';
import { THREAD, type Stops } from './stops.ts';
import type { Target } from './target.ts';

export interface CommandParts {
  sources: Sources;
  breakpoints: Breakpoints;
  stops: Stops;
  /** The runner of now; asking it costs nothing while nobody is attached. */
  target(): Target;
  scriptsOf(target: Target, path: string): Promise<string[]>;
  initialize(): void;
  isInitialized(): boolean;
  isAttached(): boolean;
  attach(): Promise<void>;
  detach(): Promise<void>;
  stopOnExceptions(state: 'none' | 'uncaught' | 'all'): Promise<void>;
  isBusy(): boolean;
}

type Given = Record<string, unknown>;
type Command = (given: Given) => object | undefined | void | Promise<object | undefined | void>;

const exceptionFilters = [
  {
    filter: 'all',
    label: 'All exceptions',
    default: false,
    description: 'stops wherever something is thrown',
  },
  {
    filter: 'uncaught',
    label: 'Uncaught exceptions',
    default: false,
    description: 'stops where something is thrown that no code catches',
  },
];

export function createCommands(parts: CommandParts) {
  const { sources, breakpoints, stops, target } = parts;

  /** How to read the scopes of a stop again, by the handles that the client has for them. */
  const scopesByStop = new WeakMap<object, Map<number, () => Promise<number>>>();
  function scopesOf(stop: object) {
    const known = scopesByStop.get(stop) ?? new Map<number, () => Promise<number>>();
    scopesByStop.set(stop, known);
    return known;
  }

  const frameOf = ({ frameId }: Given) =>
    frameId === undefined || frameId === null ? undefined : stops.stand(whole({ frameId }, 'frameId'));

  /** Runs TypeScript where a frame stands, or among the notebook's variables while a cell stands still. */
  async function there<Value>(
    method: string,
    source: string,
    given: Given,
    ...more: string[]
  ): Promise<Value> {
    const stand = frameOf(given);
    const names = stand ? await namesAt(target(), stand.call) : { locals: [], closure: [] };
    const compiled = await target().ask('compile', source, [...names.locals, ...names.closure]);
    if ('problem' in compiled) throw new DebugError(compiled.problem);
    // without a frame any will do: the code names nothing of it
    const { callFrameId } = (stand ?? stops.current().stands[0]).call;
    const extra = more.map(argument => `, ${JSON.stringify(argument)}`).join('');
    return target().onFrame<Value>(callFrameId, `${probeExpression}.${method}(${compiled.code}${extra})`);
  }

  async function evaluate(source: string, given: Given): Promise<Exclude<Outcome, { problem: string }>> {
    const outcome = stops.isStopped()
      ? await there<Outcome>('finish', source, given, source)
      : frameOf(given) === undefined
        ? await target().ask('evaluate', source)
        : { problem: '' };
    if ('problem' in outcome) throw new DebugError(outcome.problem);
    return outcome;
  }

  /** JupyterLab's tree shows the type in place of the value, unless it is a type of Python's or absent. */
  let valuesOnly = false;
  const listed = (variables: Variable[]) => ({
    variables: valuesOnly ? variables.map(({ type: _, ...rest }) => rest) : variables,
  });

  const commands: Record<string, Command> = {
    initialize({ clientID }) {
      valuesOnly = clientID === 'jupyterlab';
      parts.initialize();
      return {
        supportsConfigurationDoneRequest: true,
        supportsConditionalBreakpoints: true,
        supportsHitConditionalBreakpoints: true,
        supportsLogPoints: true,
        supportsEvaluateForHovers: true,
        supportsExceptionInfoRequest: true,
        supportsSetVariable: false,
        supportsTerminateRequest: true,
        supportsDelayedStackTraceLoading: true,
        exceptionBreakpointFilters: exceptionFilters,
      };
    },
    attach: () => parts.attach(),
    configurationDone: () => undefined,
    disconnect: () => parts.detach(),
    terminate: () => parts.detach(),

    debugInfo: () => ({
      isStarted: parts.isInitialized(),
      hashMethod: 'Murmur2',
      hashSeed: HASH_SEED,
      tmpFilePrefix: sources.prefix,
      tmpFileSuffix: SUFFIX,
      breakpoints: breakpoints.list(),
      stoppedThreads: stops.isStopped() ? [THREAD] : [],
      richRendering: true,
      exceptionPaths: exceptionFilters.map(({ filter }) => filter),
      copyToGlobals: true,
    }),

    dumpCell: given => ({ sourcePath: sources.add(text(given, 'code')) }),

    source(given) {
      const path = sourcePath(given);
      const code = sources.codeOf(path);
      try {
        return { content: code ?? readFileSync(path, 'utf8'), mimeType: 'text/typescript' };
      } catch (error) {
        throw new DebugError(`source ${path}: ${(error as Error).message}; dump the cell first`);
      }
    },

    async setBreakpoints(given) {
      const path = sourcePath(given);
      const wishes = sourceBreakpoints(given);
      const scripts = await parts.scriptsOf(target(), path);
      const model = wishes.length ? await modelOf(path, scripts) : { problem: '' };
      return { breakpoints: await breakpoints.replace(target(), path, wishes, model, scripts) };
    },

    async setExceptionBreakpoints({ filters }) {
      const wanted: unknown[] = Array.isArray(filters) ? filters : [];
      const state = ['all', 'uncaught'].find(filter => wanted.includes(filter)) ?? 'none';
      await parts.stopOnExceptions(state as 'all');
    },

    threads: () => ({ threads: [{ id: THREAD, name: 'cells' }] }),

    stackTrace({ startFrame, levels }) {
      const { stands } = stops.current();
      const first = typeof startFrame === 'number' ? startFrame : 0;
      const count = typeof levels === 'number' && levels > 0 ? levels : stands.length;
      const stackFrames = stands.slice(first, first + count).map(({ frame }) => frame);
      return { stackFrames, totalFrames: stands.length };
    },

    async scopes(given) {
      const { call } = stops.stand(whole(given, 'frameId'));
      const { locals, closure } = await namesAt(target(), call);
      const read = async (names: string[], options?: { declared: boolean }) => {
        const again = () => readFrame(target(), call, names, options);
        const handle = await again();
        scopesOf(stops.current()).set(handle, again);
        return handle;
      };
      const scope = (name: string, variablesReference: number, presentationHint?: string) => ({
        name,
        variablesReference,
        expensive: false,
        ...(presentationHint && { presentationHint }),
      });
      return {
        scopes: [
          scope('Locals', await read(locals, { declared: true }), 'locals'),
          ...(closure.length ? [scope('Closure', await read(closure))] : []),
          scope('Globals', await target().ask('globals')),
        ],
      };
    },

    async variables(given) {
      const { filter, start, count } = given;
      const page: Page = {
        ...((filter === 'indexed' || filter === 'named') && { filter }),
        ...(typeof start === 'number' && start > 0 && { start }),
        ...(typeof count === 'number' && count > 0 && { count }),
      };
      const asked = whole(given, 'variablesReference');
      // an evaluation may have changed the variables since the scope was asked for
      const again = stops.isStopped() ? scopesOf(stops.current()).get(asked) : undefined;
      return listed(await target().ask('children', (await again?.()) ?? asked, page));
    },

    inspectVariables: async () => listed(await target().ask('inspect')),

    async richInspectVariables(given) {
      const name = text(given, 'variableName');
      const bundle = stops.isStopped()
        ? await there<object>('rich', name, given)
        : await target().ask('richLater', name);
      if ('problem' in bundle) throw new DebugError(String(bundle.problem));
      return { data: bundle, metadata: {} };
    },

    async copyToGlobals(given) {
      const [from, to] = [text(given, 'srcVariableName'), text(given, 'dstVariableName')];
      if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(to))
        throw new DebugError(`dstVariableName: ${to}; expected the name of a variable`);
      const frameId = whole(given, 'srcFrameId');
      const outcome = await there<Outcome>('assign', from, { frameId }, to);
      if ('problem' in outcome) throw new DebugError(outcome.problem);
    },

    async evaluate(given) {
      const { value: result, ...rest } = await evaluate(text(given, 'expression'), given);
      return { result, ...rest };
    },

    async continue() {
      await stops.go();
      return { allThreadsContinued: true };
    },
    next: () => stops.step('stepOver'),
    stepIn: () => stops.step('stepInto'),
    stepOut: () => stops.step('stepOut'),
    async pause() {
      if (stops.isStopped()) return;
      if (!parts.isBusy()) throw new DebugError('no cell is running: there is nothing to pause');
      stops.expect('pause');
      await target().post('Debugger.pause');
    },

    exceptionInfo() {
      const { exception } = stops.current();
      if (!exception) throw new DebugError('the cell did not stop at an exception');
      return exception;
    },

    modules() {
      const files = target()
        .scripts()
        .map(([, url]) => url)
        .filter(url => isUsers(url) && !isCell(url));
      // the kernel compiles under names of its own too
      const paths = [...new Set(files.map(pathOfFile))].filter(path => existsSync(path));
      return {
        modules: paths.map((path, id) => ({ id, name: basename(path), path })),
        totalModules: paths.length,
      };
    },
  };

  /** A script in which to look where lines begin. */
  async function modelOf(path: string, scripts: readonly string[]): Promise<string | { problem: string }> {
    const code = sources.codeOf(path);
    if (code === undefined)
      return (
        scripts.at(-1) ?? { problem: `${path} is neither a cell that was dumped nor a file that was loaded` }
      );
    const preview = await target().ask('preview', code);
    return 'problem' in preview ? preview : target().compile(preview.file, preview.code);
  }

  return {
    commands,
    /** Answered whether or not somebody is attached. */
    free: new Set([
      'initialize',
      'debugInfo',
      'inspectVariables',
      'richInspectVariables',
      'modules',
      'disconnect',
    ]),
    /** Answered at once, whatever is being waited for. */
    urgent: new Set(['continue', 'pause', 'disconnect', 'terminate']),
  };
}
