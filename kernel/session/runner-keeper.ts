/** Keeps a runner alive: forks the first, replaces one that died, and says in words what became of it. */
import { createRunner, type Runner, type RunnerEnd } from './runner-process.ts';
import type { CellError, RunnerEvent, RunnerRequest, StreamName } from './runner-protocol.ts';

export interface KeeperOptions {
  cwd: string;
  onEvent(event: RunnerEvent): void;
  onOutput(name: StreamName, text: string): void;
  /** The runner died; a new one is already starting. */
  onDeath(error: CellError): void;
}

export function createRunnerKeeper({ cwd, onEvent, onOutput, onDeath }: KeeperOptions) {
  let current: Runner | undefined;
  let stopping = false;
  let killed: string | undefined;
  let exiting: number | undefined;

  function start(): Runner {
    killed = exiting = undefined;
    const runner = createRunner({
      cwd,
      onEvent(event) {
        if (event.type === 'exiting') exiting = event.code;
        else if (runner === current) onEvent(event);
      },
      onOutput,
      onExit(end) {
        if (stopping || runner !== current) return;
        const error = explain(end, killed, exiting);
        current = undefined;
        // one that dies while it starts would die again at once; the next cell tries
        if (end.ready) start();
        onDeath(error);
      },
    });
    current = runner;
    return runner;
  }

  const runner = () => current ?? start();

  return {
    start: () => void start(),
    runner,
    sendCell: (request: RunnerRequest) => runner().send(request),
    kill(reason: string): void {
      killed = reason;
      current?.kill();
    },
    stop(): void {
      stopping = true;
      current?.end();
    },
  };
}

function explain({ signal, code, lastWords }: RunnerEnd, killed?: string, exiting?: number): CellError {
  const lost = 'the variables of earlier cells are lost; run the cells again';
  if (killed) return say('Interrupted', `the process of the cells was ended, since ${killed}: ${lost}`);
  if (exiting !== undefined)
    return say('ProcessExited', `process.exit(${exiting}) ended the process of the cells: ${lost}`);
  if (/heap out of memory|Reached heap limit/.test(lastWords))
    return say('OutOfMemory', `the process of the cells ran out of memory: ${lost}`);
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
  return say('ProcessCrashed', `the process of the cells ${how}: ${lost}`, lastWords);
}

const say = (ename: string, evalue: string, detail = ''): CellError => ({
  ename,
  evalue,
  traceback: [`${ename}: ${evalue}`, ...detail.trim().split('\n').filter(Boolean).slice(-12)],
});
