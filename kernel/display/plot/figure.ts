/**
 * A chart as plain data, and the value that shows it: `charts → Figure → {plotly, svg, text}`.
 * Each face reads the same figure, so the picture on GitHub is the picture in JupyterLab.
 */
import type { MimeBundle } from '../../base/host.ts';
import { displaySymbol, type Displayable, type DisplayOptions } from '../bundle.ts';
import { figureHtml } from '../figure-html.ts';
import { PLOTLY_MIME } from '../payload.ts';
import { describe } from './describe.ts';
import { toPlotly } from './plotly.ts';
import { toSvg } from './svg.ts';

export interface Axis {
  label?: string;
  log?: boolean;
  /** Names of the whole numbers 0, 1, 2 …, where the axis counts things instead of measuring. */
  categories?: readonly string[];
  range?: readonly [number, number];
  /** Larger values lower down, like the rows of a table. */
  reversed?: boolean;
}

export type Layer =
  | { type: 'line'; name?: string; x: number[]; y: number[]; markers?: boolean }
  | {
      type: 'points';
      name?: string;
      x: number[];
      y: number[];
      /** A value per point, shown as colour. */
      values?: number[];
      labels?: readonly string[];
      size: number;
    }
  | {
      type: 'bars';
      name?: string;
      x: number[];
      y: number[];
      /** In units of x. */ width: number;
      labels?: readonly string[];
    }
  | {
      type: 'cells';
      /** Rows from the top. */ z: number[][];
      scale: ColorScale;
      range: readonly [number, number];
    };

export type ColorScale = 'sequential' | 'diverging';

export interface Figure {
  kind: string;
  title?: string;
  x: Axis;
  y: Axis;
  layers: readonly Layer[];
  width: number;
  height: number;
  /** Cells are squares. */
  square?: boolean;
}

export class Chart implements Displayable {
  constructor(readonly figure: Figure) {}

  [displaySymbol]({ passing = false }: DisplayOptions = {}): MimeBundle {
    const words = this.toString();
    const drawn = { [PLOTLY_MIME]: toPlotly(this.figure) };
    if (passing) return { ...drawn, 'text/plain': words };
    const svg = this.svg();
    return {
      ...drawn,
      // exporters prefer it to the drawing, which they do not fit to a page of paper
      ...figureHtml({ svg }, words),
      'image/svg+xml': svg,
      'text/plain': words,
    };
  }

  /** The chart as a picture in text, e.g. to write into a file. */
  svg(): string {
    return toSvg(this.figure);
  }

  /** What the chart shows, in words. */
  toString(): string {
    return describe(this.figure);
  }
}
