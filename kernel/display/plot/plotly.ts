/** A figure as a Plotly one: transparent paper, so that it suits light and dark, and room made for its labels. */
import { packList, type TypedList } from '../packed.ts';
import type { PlotlyPayload } from '../payload.ts';
import { colorOf, grid, ink, series, stops } from './colors.ts';
import { describe } from './describe.ts';
import type { Axis, ColorScale, Figure, Layer } from './figure.ts';

export function toPlotly(figure: Figure): PlotlyPayload {
  const { title, x, y, layers, height, square } = figure;
  const named = layers.some(layer => layer.type !== 'cells' && layer.name !== undefined);
  const lines = layers.every(layer => layer.type === 'line');
  return {
    data: layers.map((layer, i) => traceOf(layer, figure, i)),
    layout: {
      ...(title && { title: { text: title, x: 0, xref: 'paper', font: { size: 15 } } }),
      height,
      autosize: true,
      colorway: series,
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { color: ink, family: 'system-ui, sans-serif', size: 13 },
      margin: { l: 48, r: 16, t: title ? (named ? 72 : 44) : named ? 40 : 16, b: 40 },
      showlegend: named,
      ...(named && { legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom' } }),
      hovermode: lines ? 'x unified' : 'closest',
      hoverlabel: { namelength: -1 },
      bargap: 0.15,
      xaxis: axisOf(x),
      yaxis: { ...axisOf(y), ...(square && { scaleanchor: 'x', constrain: 'domain' }) },
      meta: { alt: describe(figure) },
    },
    config: { displaylogo: false, responsive: true },
  };
}

function axisOf({ label, log, categories, range, reversed }: Axis): Record<string, unknown> {
  const span = range?.map(value => (log ? Math.log10(value) : value));
  const manyNames = categories && categories.length > 40;
  return {
    ...(label && { title: { text: label, standoff: 8 } }),
    ...(log && { type: 'log' }),
    ...(span ? { range: reversed ? [...span].reverse() : span } : reversed && { autorange: 'reversed' }),
    ...(categories &&
      !manyNames && { tickmode: 'array', tickvals: categories.map((_, i) => i), ticktext: [...categories] }),
    automargin: true,
    gridcolor: grid,
    zeroline: false,
    linecolor: grid,
    ...(categories && { showgrid: false }),
  };
}

function traceOf(layer: Layer, { x, y }: Figure, index: number): Record<string, unknown> {
  const named = layer.type !== 'cells' && layer.name !== undefined ? { name: layer.name } : {};
  switch (layer.type) {
    case 'line':
      return {
        type: layer.x.length > LONG ? 'scattergl' : 'scatter',
        mode: layer.markers ? 'lines+markers' : 'lines',
        ...named,
        x: numbers(layer.x),
        y: numbers(layer.y),
        line: { width: 2, color: colorOf(index) },
      };
    case 'points':
      return {
        type: layer.x.length > LONG ? 'scattergl' : 'scatter',
        mode: 'markers',
        ...named,
        x: numbers(layer.x),
        y: numbers(layer.y),
        ...(layer.labels && {
          text: [...layer.labels],
          hovertemplate: '%{text}<br>%{x}, %{y}<extra></extra>',
        }),
        marker: layer.values
          ? {
              size: layer.size,
              color: numbers(layer.values),
              colorscale: scaleOf('sequential'),
              showscale: true,
              colorbar,
            }
          : { size: layer.size, color: colorOf(index), opacity: 0.8 },
      };
    case 'bars':
      return {
        type: 'bar',
        ...named,
        x: numbers(layer.x),
        y: numbers(layer.y),
        width: layer.width,
        ...(layer.labels && {
          hovertext: [...layer.labels],
          hovertemplate: '%{hovertext}: %{y}<extra></extra>',
        }),
        marker: { color: colorOf(index) },
      };
    case 'cells':
      return {
        type: 'heatmap',
        z: layer.z.map(digits),
        zmin: layer.range[0],
        zmax: layer.range[1],
        colorscale: scaleOf(layer.scale),
        colorbar,
        ...((x.categories || y.categories) && {
          text: layer.z.map((row, i) =>
            row.map((_, j) => `${y.categories?.[i] ?? i}, ${x.categories?.[j] ?? j}`),
          ),
          hovertemplate: '%{text}: %{z}<extra></extra>',
        }),
      };
  }
}

const colorbar = { outlinewidth: 0, thickness: 12 };

const scaleOf = (scale: ColorScale): [number, string][] =>
  stops[scale].map((rgb, i) => [i / (stops[scale].length - 1), `rgb(${rgb.join(',')})`]);

/** Lists of more numbers are bytes: a third of the text, and no page waits for a million numbers to be read. */
const LONG = 5000;

/** Seven digits are more than a screen shows; what is not finite is a gap. */
const digits = (values: readonly number[]): (number | null)[] =>
  values.map(value => (Number.isFinite(value) ? +value.toPrecision(7) : null));

const numbers = (values: readonly number[]): (number | null)[] | TypedList =>
  values.length > LONG ? packList(values) : digits(values);
