/**
 * The way from a drawn view to the kernel of its notebook: a comm on the library's target, opened only where the
 * output is trusted, with one question under way at a time, the latest next.
 */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

const TARGET = 'neuronbook';

export interface LiveEvents<Reply> {
  reply(reply: Reply): void;
  /** The kernel does not know this display: it was made by an earlier session. */
  gone(): void;
}

/** One display's line to its kernel. `ask` never queues: what was asked meanwhile and not the latest is left out. */
export class Line<Question extends object, Reply> {
  private busy = false;
  private next?: Question;
  private closed = false;

  private constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly comm: Kernel.IComm,
    private readonly events: LiveEvents<Reply>,
  ) {
    comm.onMsg = message => {
      this.busy = false;
      if (this.closed) return;
      // the kernel computes the next picture while the page draws this one
      this.flush();
      events.reply(message.content.data as Reply);
    };
    comm.onClose = () => this.lost();
    // a restart forgets all comms without a word to them
    kernel.statusChanged.connect(this.onStatus, this);
  }

  /** Undefined where there is no notebook around `node`, or its kernel is not running. What is not trusted does not ask. */
  static open<Question extends object, Reply>(
    tracker: INotebookTracker | undefined,
    node: Node,
    id: string,
    events: LiveEvents<Reply>,
  ): Line<Question, Reply> | undefined {
    const panel = tracker?.find(panel => panel.node.contains(node));
    const kernel = panel?.sessionContext.session?.kernel;
    if (!kernel || kernel.status === 'dead') return undefined;
    const comm = kernel.createComm(TARGET);
    const line = new Line<Question, Reply>(kernel, comm, events);
    comm.open({ id });
    return line;
  }

  ask(question: Question): void {
    this.next = question;
    if (!this.busy) this.flush();
  }

  close(): void {
    if (this.closed) return;
    this.end();
    if (!this.comm.isDisposed) this.comm.close();
  }

  private flush(): void {
    if (!this.next || this.closed) return;
    this.busy = true;
    const question = this.next;
    this.next = undefined;
    this.comm.send(question as never, { conversation: true });
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') this.lost();
  }

  private lost(): void {
    if (this.closed) return;
    this.end();
    this.events.gone();
  }

  /** The kernel lives on, and keeps nothing of a view that has gone. */
  private end(): void {
    this.closed = true;
    this.kernel.statusChanged.disconnect(this.onStatus, this);
  }
}
