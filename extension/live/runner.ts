/**
 * A graph in a worker of its own, started at the first question: one question under way at a time, the latest next. A
 * graph that does not answer is stopped with its worker.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Answer, Begin, Computer, Question, Run, Runtime, Values } from './messages.ts';

export interface RunnerEvents {
  values(outputs: Extract<Answer, { kind: 'values' }>['outputs'], seq: number, by: Computer): void;
  failed(why: string): void;
}

/** What one page lends its figures. */
export interface Engine {
  worker(): Worker;
  readonly basic: Begin['basic'];
  readonly webgpu?: Runtime;
  /** Whether the card is asked for where it pays off; always, software that plays one included; or never. */
  readonly card?: 'heavy' | 'always' | 'never';
}

/** Multiply-adds from which a card pays off, since each run waits for it. */
const HEAVY = 3e8;
/** Numbers of one output that a page draws. */
const MOST = 2 ** 24;
/** Milliseconds that a start and a run may take. */
const PATIENCE = { start: 60_000, run: 15_000 };

export class Runner {
  private worker?: Worker;
  private busy = false;
  private next?: Run;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly engine: Engine,
    private readonly graph: () => Uint8Array,
    private readonly work: number,
    private readonly events: RunnerEvents,
    private readonly trans: TranslationBundle,
  ) {}

  /** Gets ready before the first question. */
  warm(): void {
    if (this.worker) return;
    this.worker = this.engine.worker();
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.hear(data);
    this.worker.onerror = ({ message }) => this.fail(message || this.trans.__('the worker did not start'));
    const { basic, webgpu, card = 'heavy' } = this.engine;
    this.busy = true;
    const software = card === 'always';
    const isWanted = software || (card === 'heavy' && this.work >= HEAVY);
    this.send(
      {
        kind: 'begin',
        graph: this.graph(),
        basic,
        webgpu: isWanted && webgpu ? { ...webgpu, software } : undefined,
        most: MOST,
      },
      PATIENCE.start,
    );
  }

  ask(seq: number, feeds: Readonly<Record<string, Values>>): void {
    this.warm();
    this.next = { kind: 'run', seq, feeds };
    if (!this.busy) this.flush();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.worker = undefined;
    this.next = undefined;
    this.busy = false;
  }

  private flush(): void {
    const { next } = this;
    this.next = undefined;
    this.busy = Boolean(next);
    if (next) this.send(next, PATIENCE.run);
  }

  private send(question: Question, patience: number): void {
    this.worker!.postMessage(question);
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.fail(this.trans.__('no answer within %1 s', patience / 1000)),
      patience,
    );
  }

  private hear(answer: Answer): void {
    if (answer.kind === 'failed' && answer.seq === undefined) return this.fail(answer.why);
    clearTimeout(this.timer);
    if (answer.kind === 'values') this.events.values(answer.outputs, answer.seq, answer.by);
    else if (answer.kind === 'failed') this.events.failed(answer.why);
    this.flush();
  }

  /** Nothing more will come of this worker; the next question starts another. */
  private fail(why: string): void {
    this.dispose();
    this.events.failed(why);
  }
}
