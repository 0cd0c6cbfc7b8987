/** What a kernel costs its machine, asked of the kernel itself while somebody looks. */
import { KernelMessage, type Kernel } from '@jupyterlab/services';

export interface Usage {
  /** Bytes. */
  kernel: number;
  /** Percent of one processor. */
  processor: number;
  machine: number;
}

/** Undefined where the kernel does not say. */
export async function usageOf(kernel: Kernel.IKernelConnection): Promise<Usage | undefined> {
  const message = KernelMessage.createMessage({
    channel: 'control',
    msgType: 'usage_request' as 'debug_request',
    session: kernel.clientId,
    username: kernel.username,
    content: {} as never,
  });
  try {
    const future = kernel.sendControlMessage(message as KernelMessage.IControlMessage, true, true);
    const late = new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), 4000));
    const reply = await Promise.race([future.done, late]);
    const content = reply?.content as Record<string, unknown> | undefined;
    const machine = (content?.host_virtual_memory as { total?: unknown } | undefined)?.total;
    const { kernel_memory: bytes, kernel_cpu: percent } = content ?? {};
    if (typeof bytes !== 'number') return undefined;
    return { kernel: bytes, processor: Number(percent ?? 0), machine: Number(machine ?? 0) };
  } catch {
    return undefined;
  }
}
