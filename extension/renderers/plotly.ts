/**
 * Draws `application/vnd.plotly.v1+json`. Plotly is a large library: it is fetched when the first chart is drawn.
 * Charts stand on the page's background in the theme's colours and are drawn again when either changes.
 */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { PLOTLY_MIME, type PlotlyPayload } from 'neuronbook/display/payload';
import type { Data, Layout } from 'plotly.js-dist-min';
import { checkChart, chartWords } from '../parts/chart-payload.ts';
import { heightOf, themedLayout, themeTemplate } from '../parts/chart-theme.ts';
import type { ChartDetail, PlotlyFigure } from '../parts/chart-detail.ts';
import { el } from '../parts/dom.ts';
import { fallback } from '../parts/fallback.ts';
import { turn } from '../parts/turns.ts';
import '../../style/plotly.css';

/** Whether a trace may have more points than Plotly draws at ease: lists of text are as long as bytes of numbers. */
const isLong = ({ type, y }: Record<string, unknown>): boolean =>
  (type === undefined || type === 'scatter' || type === 'scattergl') &&
  (Array.isArray(y) ? y.length > 4000 : typeof y === 'object');

const suppress = ['data-lm-suppress-shortcuts', 'true'] as const;
const loadPlotly = async () => (await import('plotly.js-dist-min')).default;

export class PlotlyRenderer extends Widget implements IRenderMime.IRenderer {
  private chart?: PlotlyPayload;
  private figure?: HTMLDivElement;
  private detail?: ChartDetail;
  private width = 0;
  /** The page's colours, until they change. */
  private theme?: Record<string, unknown>;
  private readonly observer = new ResizeObserver(() => void this.remeasure());

  constructor(
    private readonly trans: TranslationBundle,
    private readonly themes: IThemeManager | null,
  ) {
    super();
    this.addClass('nb-Chart');
    themes?.themeChanged.connect(this.recolour, this);
    this.observer.observe(this.node);
    // Plotly makes its buttons anew as it pleases; whichever has the focus keeps its keys from the notebook
    this.node.addEventListener('focusin', ({ target }) => (target as Element).setAttribute(...suppress));
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const chart = checkChart(model.data[PLOTLY_MIME], this.trans);
    if (typeof chart === 'string') return this.give(model.data, chart);
    this.chart = chart;
    this.detail?.dispose();
    this.detail = undefined;
    try {
      await this.draw();
    } catch (error) {
      this.give(model.data, error instanceof Error ? error.message : String(error));
    }
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.themes?.themeChanged.disconnect(this.recolour, this);
    this.observer.disconnect();
    this.clear();
    super.dispose();
  }

  private async recolour(): Promise<void> {
    await turn(this.node);
    this.theme = undefined;
    await this.draw();
  }

  private async draw(): Promise<void> {
    if (!this.chart) return;
    const { chart } = this;
    // its place is kept while it waits
    if (!this.figure) this.node.style.minHeight = `${heightOf(chart.layout)}px`;
    const plotly = await loadPlotly();
    // most charts have no use for what draws a million points
    const detail = chart.data.some(isLong)
      ? (await import('../parts/chart-detail.ts')).ChartDetail.of(chart.data)
      : undefined;
    // what a control moves, or a run draws again, is drawn at once
    if (!this.figure) await turn(this.node);
    // a later payload, or the end of the output, may have come meanwhile
    if (this.isDisposed || this.chart !== chart) return;
    const { layout, config } = chart;
    this.detail?.dispose();
    this.detail = detail;
    const data = detail?.traces() ?? chart.data;
    if (!this.figure) {
      this.figure = el('div', { class: 'nb-Chart-figure' });
      this.node.replaceChildren(this.figure);
      this.node.style.minHeight = '';
    }
    const { figure } = this;
    this.width = this.node.clientWidth;
    const theme = this.theme ?? themeTemplate(this.node);
    // before its output is attached, a chart has the colours of the whole page
    if (this.node.isConnected) this.theme = theme;
    await plotly.react(
      figure,
      structuredClone(data) as Data[],
      themedLayout(structuredClone(layout), theme) as Partial<Layout>,
      {
        ...config,
        responsive: false,
        displaylogo: false,
        editable: false,
        showSendToCloud: false,
        typesetMath: false,
        modeBarButtonsToRemove: ['select2d', 'lasso2d', 'autoScale2d'],
      },
    );
    this.detail?.attach(figure as unknown as PlotlyFigure, plotly);
    this.name(figure, chartWords(chart, this.trans));
  }

  /** Tells screen readers that the drawing is one picture. */
  private name(figure: HTMLElement, words: string): void {
    figure.setAttribute('role', 'figure');
    figure.setAttribute('aria-label', words);
    for (const [i, layer] of figure.querySelectorAll('.main-svg').entries()) {
      if (i > 0) layer.setAttribute('aria-hidden', 'true');
      else {
        layer.setAttribute('role', 'img');
        layer.setAttribute('aria-label', words);
      }
    }
  }

  /** Plotly measures only when told. A hidden output has no width and waits until it has. */
  private async remeasure(): Promise<void> {
    const { figure, node } = this;
    const isRight = () => node.clientWidth === 0 || node.clientWidth === this.width;
    if (!figure || isRight()) return;
    const plotly = await loadPlotly();
    await turn(node);
    if (this.figure !== figure || isRight()) return;
    this.width = node.clientWidth;
    plotly.Plots.resize(figure);
  }

  private give(bundle: Readonly<Record<string, unknown>>, problem: string): void {
    this.clear();
    this.node.append(fallback(bundle, problem, this.trans));
  }

  private clear(): void {
    const { figure } = this;
    this.detail?.dispose();
    this.detail = undefined;
    this.chart = undefined;
    this.figure = undefined;
    this.node.style.minHeight = '';
    // where there is a figure the library is loaded, so this runs at once
    if (figure) void loadPlotly().then(plotly => plotly.purge(figure));
    this.node.replaceChildren();
  }
}
