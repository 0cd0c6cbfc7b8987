/**
 * The script of a page of one file: draws its live figures with what the page itself holds. `neuronbook figure export`
 * writes such pages; from a disk nothing can be fetched, so the runtime is in the page too.
 */
import { envelopeProblem } from 'neuronbook/display/payload';
import { problem, type LivePayload } from 'neuronbook/display/views/live';
import { el } from '../parts/dom.ts';
import type { ViewContext } from '../view.ts';
import { LiveFigure } from './figure.ts';
import type { Engine } from './runner.ts';

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? '';

/** English as it stands, with its %1 filled in. */
const translate = (text: string, ...args: unknown[]): string =>
  args.reduce<string>((done, arg, i) => done.replace(`%${i + 1}`, String(arg)), text);

const context = {
  trans: { __: translate },
  trusted: () => true,
  render: () => Promise.resolve(),
} as unknown as ViewContext;

const engine: Engine = {
  // from `file:` a worker's script has to be a blob, and a classic one
  worker: () =>
    new Worker(URL.createObjectURL(new Blob([textOf('neuronbook-worker')], { type: 'text/javascript' }))),
  get basic() {
    return {
      script: `data:text/javascript;base64,${textOf('neuronbook-runtime').trim()}`,
      wasm: { gzip: textOf('neuronbook-wasm').trim() },
    };
  },
};

function show(place: Element): void {
  const payload = JSON.parse(place.querySelector('script')?.textContent ?? 'null') as LivePayload;
  const wrong =
    envelopeProblem(payload) ??
    (payload.view === 'live' ? problem(payload.data) : context.trans.__('it is no live figure'));
  // the saved picture stays where the figure cannot be drawn
  if (wrong) {
    const words = context.trans.__('This figure cannot be drawn: %1.', wrong);
    return place.append(el('p', { role: 'note' }, words));
  }
  const figure = new LiveFigure(context, engine);
  figure.update(payload);
  place.replaceChildren(figure.node);
}

for (const place of document.querySelectorAll('.nb-Place')) show(place);
