/**
 * Interactive views written for anywidget, driven from TypeScript: `widget → widget-manager → comm → front end`. State
 * lives here and in the page at once; each side tells the other what it changed.
 * @see https://anywidget.dev/en/afm/
 */
import type { Comm, CommMessage, MimeBundle } from '../base/host.ts';
import { displaySymbol, type Displayable } from './bundle.ts';
import { forgetWidget, openWidget } from './widget-manager.ts';
import { putBuffers, separateBuffers, type BufferPath } from './widget-buffers.ts';

export interface WidgetOptions<State extends object> {
  /** An ES module, as text or as an address: `export default { render({ model, el }) { … } }`. */
  esm: string;
  /** A style sheet, as text or as an address. */
  css?: string;
  /** What view and notebook share. Binary values travel as buffers and come back as `Uint8Array`. */
  state?: State;
}

export interface Widget<State extends object> extends Displayable {
  /** Of the model in the front end; absent where there is none. */
  readonly id: string | undefined;
  get<Name extends keyof State>(name: Name): State[Name];
  /** Changes the state here and in the page. */
  set(changes: Partial<State>): void;
  /** Calls back after either side has changed a value. Returns a function that ends it. */
  on<Name extends keyof State & string>(name: Name, changed: (value: State[Name]) => unknown): () => void;
  /** Sends what is no state, e.g. a command; the view hears it by `model.on('msg:custom', …)`. */
  send(content: unknown, buffers?: readonly Uint8Array[]): void;
  /** Calls back with what the view sends by `model.send(content)`. Returns a function that ends it. */
  onMessage(heard: (content: unknown, buffers: readonly Uint8Array[]) => unknown): () => void;
  /** Replaces the view's code, or its style, in place. */
  reload(view: { esm?: string; css?: string }): void;
  /** Removes it from all pages. */
  close(): void;
}

interface Message {
  method?: unknown;
  state?: Record<string, unknown>;
  buffer_paths?: BufferPath[];
  content?: unknown;
}

/** Who draws the view in the front end: the package anywidget, in whichever version is installed there. */
const frontEnd = {
  _model_module: 'anywidget',
  _model_module_version: '*',
  _model_name: 'AnyModel',
  _view_module: 'anywidget',
  _view_module_version: '*',
  _view_name: 'AnyView',
  _view_count: null,
  _anywidget_id: 'neuronbook.widget',
};

/**
 * A view in the notebook with a state that both sides see. It needs ipywidgets and anywidget where JupyterLab is
 * installed (`pip install anywidget`); elsewhere the value shows as text.
 * @example
 * const counter = widget({
 *   esm: `export default { render({ model, el }) {
 *     const button = document.createElement('button')
 *     const show = () => (button.textContent = model.get('count'))
 *     button.onclick = () => { model.set('count', model.get('count') + 1); model.save_changes() }
 *     model.on('change:count', show); show(); el.append(button)
 *   } }`,
 *   state: { count: 0 },
 * })
 * counter.on('count', count => console.log(count))
 * counter.set({ count: 5 })
 * counter.get('count') // → 5
 */
export function widget<State extends object>({
  esm,
  css = '',
  state: initial = {} as State,
}: WidgetOptions<State>): Widget<State> {
  const state = { ...initial } as Record<string, unknown>;
  const own: Record<string, unknown> = { ...frontEnd, _esm: esm, _css: css };
  const all = () => ({ ...own, ...state });
  const changed = new Map<string, Set<(value: never) => unknown>>();
  const heard = new Set<(content: unknown, buffers: readonly Uint8Array[]) => unknown>();
  const comm: Comm | undefined = openWidget(all);
  let closed = false;

  const tell = (method: string, changes: Record<string, unknown>) => {
    if (closed || !comm) return;
    const { state: data, paths, buffers } = separateBuffers(changes);
    comm.send({ method, state: data, buffer_paths: paths }, { buffers });
  };
  /** Gives what the callbacks give, promises as they may be. */
  function take(changes: Record<string, unknown>): unknown[] {
    const names = Object.keys(changes).filter(name => !Object.is(state[name], changes[name]));
    Object.assign(state, changes);
    return names.flatMap(name => [...(changed.get(name) ?? [])].map(call => call(state[name] as never)));
  }
  function receive({ data, buffers }: CommMessage): unknown {
    const { method, state: given = {}, buffer_paths: paths = [], content } = (data ?? {}) as Message;
    if (method === 'request_state') tell('update', all());
    else if (method === 'custom') return Promise.all([...heard].map(call => call(content, buffers)));
    else if (method === 'update') {
      putBuffers(given, paths, buffers);
      // what one page changed is told to all of them, before anything here answers to it
      tell('echo_update', given);
      return Promise.all(take(Object.fromEntries(Object.entries(given).filter(([name]) => !(name in own)))));
    }
    return undefined;
  }
  function end(): void {
    closed = true;
    if (comm) forgetWidget(comm.id);
  }
  if (comm) {
    comm.onMessage = receive;
    comm.onClose = end;
  }

  return {
    id: comm?.id,
    get: name => state[name as string] as State[typeof name],
    set(changes) {
      const news = changes as Record<string, unknown>;
      tell('update', news);
      take(news);
    },
    on: (name, call) => subscribe(changed.get(name) ?? entry(changed, name), call),
    send: (content, buffers) => {
      if (!closed) comm?.send({ method: 'custom', content }, { buffers });
    },
    onMessage: call => subscribe(heard, call),
    reload(view) {
      const news = { ...(view.esm && { _esm: view.esm }), ...(view.css && { _css: view.css }) };
      Object.assign(own, news);
      tell('update', news);
    },
    close() {
      if (!closed) comm?.close();
      end();
    },
    [displaySymbol]: () => bundle(comm?.id, state),
  };
}

function entry<Key, Value>(map: Map<Key, Set<Value>>, key: Key): Set<Value> {
  const made = new Set<Value>();
  map.set(key, made);
  return made;
}

function subscribe<Call>(calls: Set<Call>, call: Call): () => void {
  calls.add(call);
  return () => void calls.delete(call);
}

function bundle(id: string | undefined, state: object): MimeBundle {
  const text = `widget with ${Object.keys(state).join(', ') || 'no state'}`;
  if (!id) return { 'text/plain': text };
  return {
    'application/vnd.jupyter.widget-view+json': { version_major: 2, version_minor: 0, model_id: id },
    'text/plain': `${text}; drawn where JupyterLab has ipywidgets and anywidget (pip install anywidget)`,
  };
}
