/**
 * All widgets of a session, for a front end that comes late: it opens `jupyter.widget.control`, asks for all states,
 * and draws again what was on the page.
 * @see https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md
 */
import { host, type Comm, type Comms } from '../base/host.ts';
import { separateBuffers } from './widget-buffers.ts';

export const PROTOCOL = '2.1.0';
const CONTROL_PROTOCOL = '1.0.0';
const control = 'jupyter.widget.control';

interface Live {
  /** Open widgets by the id of their comm, which is that of their model. */
  states: Map<string, () => Record<string, unknown>>;
  /** Where the control target is registered: two copies of this package share one registration. */
  served: WeakSet<Comms>;
}

const key = Symbol.for('neuronbook.widgets');

function live(): Live {
  const shared = globalThis as { [key]?: Live };
  return (shared[key] ??= { states: new Map(), served: new WeakSet() });
}

/** Opens a widget's comm; undefined where there is no front end. */
export function openWidget(state: () => Record<string, unknown>): Comm | undefined {
  const { comms } = host();
  if (!comms) return undefined;
  const { states, served } = live();
  if (!served.has(comms)) {
    served.add(comms);
    comms.register(control, serve);
  }
  const { state: data, paths, buffers } = separateBuffers(state());
  const comm = comms.open(
    'jupyter.widget',
    { state: data, buffer_paths: paths },
    { metadata: { version: PROTOCOL }, buffers },
  );
  states.set(comm.id, state);
  return comm;
}

export const forgetWidget = (id: string): void => void live().states.delete(id);

function serve(comm: Comm): void {
  comm.onMessage = ({ data }) => {
    if ((data as { method?: unknown } | null)?.method !== 'request_states') return;
    const all = [...live().states].map(([id, stateOf]) => {
      const state = stateOf();
      const { _model_name: model_name, _model_module: model_module } = state;
      return [id, { model_name, model_module, model_module_version: state._model_module_version, state }];
    });
    const {
      state: states,
      paths,
      buffers,
    } = separateBuffers(Object.fromEntries(all) as Record<string, unknown>);
    comm.send(
      { method: 'update_states', states, buffer_paths: paths },
      { metadata: { version: CONTROL_PROTOCOL }, buffers },
    );
  };
}
