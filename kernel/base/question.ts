/** `name?`, `name??` or `?name` alone in a cell asks what that is, as in IPython. */
const form = /^\s*(?:([\p{ID_Continue}$.]+)(\?\??)|(\?\??)([\p{ID_Continue}$.]+))\s*;?\s*$/u;

export interface Question {
  name: string;
  /** 1 for two marks: the definition too. */
  detail: 0 | 1;
}

/** What a cell asks; undefined where it is code. */
export function questionOf(code: string): Question | undefined {
  const [, before, marks, marksFirst, after] = form.exec(code) ?? [];
  const name = before ?? after;
  return name === undefined ? undefined : { name, detail: (marks ?? marksFirst).length > 1 ? 1 : 0 };
}
