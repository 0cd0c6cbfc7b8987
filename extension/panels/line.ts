/** Questions of the inspector to one kernel: a comm on the library's target, opened with the first of them. */
import type { Kernel } from '@jupyterlab/services';
import { INSPECTOR, type InspectorReply, type InspectorRequest } from 'neuronbook/display/inspection';

const TARGET = 'neuronbook';

type Question<R = InspectorRequest> = R extends unknown ? Omit<R, 'seq'> : never;

export class InspectorLine {
  private comm?: Kernel.IComm;
  private seq = 0;
  private readonly waiting = new Map<number, (reply: InspectorReply | undefined) => void>();

  constructor(private readonly kernel: Kernel.IKernelConnection) {
    kernel.statusChanged.connect(this.onStatus);
  }

  /** Undefined where the library is not loaded in the kernel, or the kernel went away meanwhile. */
  ask(question: Question): Promise<InspectorReply | undefined> {
    const comm = (this.comm ??= this.open());
    const seq = ++this.seq;
    return new Promise(resolve => {
      this.waiting.set(seq, resolve);
      comm.send({ seq, ...question } as never);
    });
  }

  dispose(): void {
    this.kernel.statusChanged.disconnect(this.onStatus);
    if (this.comm && !this.comm.isDisposed && !this.kernel.isDisposed) this.comm.close();
    this.lost();
  }

  private open(): Kernel.IComm {
    const comm = this.kernel.createComm(TARGET);
    comm.onMsg = message => {
      const reply = message.content.data as unknown as InspectorReply;
      this.waiting.get(reply.seq)?.(reply);
      this.waiting.delete(reply.seq);
    };
    comm.onClose = () => this.lost();
    comm.open({ id: INSPECTOR });
    return comm;
  }

  /** A restart forgets all comms without a word to them. */
  private readonly onStatus = (_: unknown, status: Kernel.Status): void => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') this.lost();
  };

  private lost(): void {
    this.comm = undefined;
    for (const answer of this.waiting.values()) answer(undefined);
    this.waiting.clear();
  }
}
