/** A live figure as a value: what it shows in a notebook, in words, and to those who have no extension. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { encodePng } from '../../base/png.ts';
import { displaySymbol, type Displayable } from '../../display/bundle.ts';
import { escapeHtml } from '../../display/html.ts';
import { unpack } from '../../display/packed.ts';
import { NEURONBOOK_MIME } from '../../display/payload.ts';
import { element, label, picture } from '../../display/svg.ts';
import { drawingOf, type Drawn, type LivePayload, type LiveValues } from '../../display/views/live.ts';
import { svg as tokensSvg } from '../../display/views/tokens.ts';

/** What is known of a figure beside what travels. */
export interface Making {
  /** How much half precision changed, as a share of the largest value. */
  readonly error: number;
  readonly nodes: number;
}

export class LiveFigure implements Displayable {
  constructor(
    readonly payload: LivePayload,
    private readonly making: Making,
  ) {}

  /** Bytes of the graph that the notebook carries. */
  get size(): number {
    return this.payload.data.graph.size;
  }

  [displaySymbol](): MimeBundle {
    const svg = this.svg();
    const source = `data:image/svg+xml;base64,${toBase64(new TextEncoder().encode(svg))}`;
    const alt = escapeHtml(this.toString());
    return {
      [NEURONBOOK_MIME]: this.payload,
      'text/html': `<figure><img src="${source}" alt="${alt}"><figcaption>${escapeHtml(this.settings())}</figcaption></figure>`,
      'image/svg+xml': svg,
      'text/plain': this.toString(),
    };
  }

  /** What is drawn for the values that the controls begin with. */
  drawn(): Drawn[] {
    const { controls, drawings, values } = this.payload.data;
    const begun: LiveValues = Object.fromEntries(
      Object.entries(controls).map(([name, { value }]) => [name, value]),
    );
    return drawings.map((drawing, i) =>
      drawingOf(drawing, { dims: values[i].dims, data: unpack(values[i]) }, controls, begun),
    );
  }

  toString(): string {
    const { title, graph, controls } = this.payload.data;
    const half = this.making.error ? `, weights rounded: values differ by ${percent(this.making.error)}` : '';
    const drawn = this.drawn().map(one =>
      one.kind === 'chart'
        ? one.chart.toString()
        : one.kind === 'tokens'
          ? `tokens: ${one.payload.data.texts[0].tokens.join('')}`
          : `picture ${one.title}, ${one.pixels.width}×${one.pixels.height}`,
    );
    return [
      `live figure${title && ` ${title}`}: ${Object.keys(controls).join(', ')}; graph of ${megabytes(graph.size)}, ${this.making.nodes} nodes, ${millions(graph.work)} multiply-adds${half}`,
      ...drawn,
    ].join('\n');
  }

  private settings(): string {
    const set = Object.entries(this.payload.data.controls).map(([name, { value }]) => `${name}: ${value}`);
    return `${set.join(' · ')}. In JupyterLab with neuronbook these can be moved; the page itself computes.`;
  }

  /** The pictures one below the other, with the title above. */
  private svg(): string {
    const { title } = this.payload.data;
    const parts: string[] = [];
    let [y, width] = [0, 320];
    const put = (inner: string, size: { width: number; height: number }) => {
      parts.push(element('g', { transform: `translate(0,${y})` }, inner));
      y += size.height + 8;
      width = Math.max(width, size.width);
    };
    if (title)
      put(label(8, 20, title, { 'font-size': 16, 'font-weight': 600, fill: '#7d7d7d' }), {
        width: 0,
        height: 28,
      });
    for (const one of this.drawn()) {
      const inner =
        one.kind === 'chart'
          ? one.chart.svg()
          : one.kind === 'tokens'
            ? tokensSvg(one.payload.data)
            : pixelsSvg(one);
      put(inner, sizeOf(inner));
    }
    return picture({ width, height: y, alt: this.toString() }, parts);
  }
}

/** Small pictures are enlarged, in squares. */
function pixelsSvg({ pixels, title }: Extract<Drawn, { kind: 'pixels' }>): string {
  const zoom = Math.max(1, Math.floor(240 / Math.max(pixels.width, pixels.height)));
  const [width, height] = [pixels.width * zoom, pixels.height * zoom];
  const top = title ? 28 : 0;
  return picture({ width: width + 8, height: height + top, alt: title || 'picture' }, [
    ...(title ? [label(8, 18, title, { 'font-size': 15, 'font-weight': 600, fill: '#7d7d7d' })] : []),
    element('image', {
      x: 8,
      y: top,
      width,
      height,
      href: `data:image/png;base64,${toBase64(encodePng(pixels))}`,
      style: 'image-rendering: pixelated',
    }),
  ]);
}

function sizeOf(svg: string): { width: number; height: number } {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? ['', '0', '0'];
  return { width: Number(width), height: Number(height) };
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(2)} MB`;
const millions = (count: number): string => `${+(count / 1e6).toPrecision(2)} million`;
const percent = (share: number): string => `${+(100 * share).toPrecision(1)} %`;
