/** What a text objective gives back: the words, what they score, and how they were found. */
import type { MimeBundle } from '../../../base/host.ts';
import { escapeHtml } from '../../../display/html.ts';
import { visible } from '../../../display/views/tokens.ts';

export class FeatureText {
  constructor(
    /** The objective as it prints. */
    readonly objective: string,
    /** The tokens found, as text each. */
    readonly tokens: readonly string[],
    /** Their numbers. */
    readonly ids: readonly number[],
    /** What stood in front of them. */
    readonly prompt: string,
    /** What the network says to them. */
    readonly score: number,
    /** The best score so far, after each step. */
    readonly curve: readonly number[],
    /** True where Interrupt ended it before its steps were done. */
    readonly interrupted: boolean,
  ) {}

  /** Prompt and tokens as one text. */
  get text(): string {
    return `${this.prompt}${this.tokens.join('')}`;
  }

  toString(): string {
    const state = this.interrupted ? ', interrupted' : '';
    return `${this.objective}: ${this.score.toPrecision(4)} in ${this.curve.length} steps${state}\n${this.text}`;
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    const tokens = this.tokens
      .map(
        token =>
          `<code style="border:1px solid; border-radius:3px; padding:0 2px">${escapeHtml(visible(token))}</code>`,
      )
      .join(' ');
    const course = `${(this.curve[0] ?? NaN).toPrecision(3)} → ${this.score.toPrecision(4)} in ${this.curve.length} steps`;
    return {
      'text/plain': this.toString(),
      'text/html': `<p><code>${escapeHtml(this.objective)}</code>: ${course}</p><p>${escapeHtml(this.prompt)} ${tokens}</p>`,
    };
  }
}
