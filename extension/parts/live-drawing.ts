/** One drawing of a live figure: a chart, a picture or coloured text, drawn again in place. */
import type { Drawn } from 'neuronbook/display/views/live';
import makeTokens from '../renderers/tokens.ts';
import type { View, ViewContext } from '../view.ts';
import { el, setText } from './dom.ts';
import { drawPixels } from './pixels.ts';
import '../../style/live.css';

export class LiveDrawing {
  readonly node = el('div', { class: 'nb-Live-drawing' });
  private readonly chart = el('img', { class: 'nb-Live-chart', draggable: 'false' });
  private readonly title = el('figcaption', { class: 'nb-Live-caption' });
  private readonly canvas = el('canvas', { class: 'nb-Live-canvas', role: 'img' });
  private readonly picture = el('figure', { class: 'nb-Live-figure' }, this.title, this.canvas);
  private tokens?: View<never>;

  constructor(private readonly context: ViewContext) {}

  update(drawn: Drawn): void {
    if (drawn.kind === 'chart') {
      // an SVG inside an image element is a picture: nothing in it runs or loads
      this.chart.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn.chart.svg())}`;
      this.chart.alt = drawn.chart.toString();
      this.show(this.chart);
    } else if (drawn.kind === 'pixels') {
      drawPixels(this.canvas, drawn.pixels);
      const zoom = Math.max(1, Math.round(280 / Math.max(drawn.pixels.width, drawn.pixels.height)));
      this.canvas.style.width = `${drawn.pixels.width * zoom}px`;
      this.canvas.setAttribute('aria-label', drawn.title || this.context.trans.__('picture'));
      setText(this.title, drawn.title);
      this.title.hidden = !drawn.title;
      this.show(this.picture);
    } else {
      this.tokens ??= makeTokens(this.context) as View<never>;
      this.tokens.update(drawn.payload as never);
      this.show(this.tokens.node);
    }
  }

  private show(element: HTMLElement): void {
    if (element.parentNode !== this.node) this.node.replaceChildren(element);
  }
}
