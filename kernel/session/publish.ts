/** What a runner says → what every client is told: `session/runner → session/publish → wire/iopub`. */
import type { CellError, CommEvent, RunnerEvent, StreamName } from './runner-protocol.ts';
import type { Request, Transport } from './protocol.ts';

type Parent = Pick<Request, 'header'> | undefined;
type Of<Type extends RunnerEvent['type']> = Extract<RunnerEvent, { type: Type }>;

export type Publisher = ReturnType<typeof createPublisher>;

export function createPublisher(transport: Pick<Transport, 'publish'>) {
  const { publish } = transport;
  return {
    status(state: 'starting' | 'busy' | 'idle', parent?: Parent) {
      return publish('status', { execution_state: state }, parent);
    },
    input(code: string, count: number, parent: Parent) {
      void publish('execute_input', { code, execution_count: count }, parent);
    },
    stream(name: StreamName, text: string, parent: Parent) {
      void publish('stream', { name, text }, parent);
    },
    display({ data, metadata, id, update, buffers }: Of<'display'>, parent: Parent) {
      // nbclient reads `transient.display_id` of every display, so the object is always there (Deno #34483)
      const transient = id === undefined ? {} : { display_id: id };
      void publish(update ? 'update_display_data' : 'display_data', { data, metadata, transient }, parent, {
        buffers,
      });
    },
    result({ data, metadata }: Of<'result'>, count: number, parent: Parent) {
      void publish('execute_result', { data, metadata, execution_count: count, transient: {} }, parent);
    },
    clear({ wait }: Of<'clear'>, parent: Parent) {
      void publish('clear_output', { wait }, parent);
    },
    error({ ename, evalue, traceback }: CellError, parent: Parent) {
      void publish('error', { ename, evalue, traceback }, parent);
    },
    comm({ event, comm, target, data, metadata, buffers }: CommEvent, parent: Parent) {
      const content = { comm_id: comm, data, ...(event === 'open' && { target_name: target }) };
      void publish(`comm_${event}`, content, parent, { metadata, buffers });
    },
  };
}
