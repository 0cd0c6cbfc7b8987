/**
 * The pages about systems, made from what is there: the header of each file, the experiment that it declares, and the
 * result that was kept. Nothing of them is typed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Experiment, Verdict } from './index.ts';
import { boundOf } from './instruments/experiment/marks.ts';
import { brief } from './instruments/experiment/report.ts';
import { slugOf } from './test-pages.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = fileURLToPath(new URL('./systems/', import.meta.url));

/** What was kept of a full run: `Report.toJSON` and where it was run. */
export interface Result {
  complete: boolean;
  seeds: (string | number)[];
  verdicts: Verdict[];
  trials: { seconds: number; at: string; commit?: string }[];
}

export interface SystemEntry {
  /** `sparsity/chess` */
  name: string;
  /** The first sentence of the header. */
  title: string;
  paper: string;
  experiment: Experiment;
  result?: Result;
}

export const namesOf = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => /^[^/]+\/[^/]+\.ts$/.test(path) && !path.endsWith('.test.ts'))
    .map(path => path.slice(0, -'.ts'.length))
    .sort();

/** The header without its stars: the first sentence, and the address behind @see. */
export function headerOf(source: string): { title: string; paper: string } {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(source) ?? [];
  const text = comment.replace(/^ *\* ?/gm, '').trim();
  const [title] = /^[\s\S]*?[.?!](?=\s|$)/.exec(text) ?? [''];
  return { title: title.replace(/\s+/g, ' '), paper: /@see (\S+)/.exec(text)?.[1] ?? '' };
}

export async function systems(): Promise<SystemEntry[]> {
  return Promise.all(
    namesOf().map(async name => {
      const module = (await import(/* @vite-ignore */ `${folder}${name}.ts`)) as Record<
        string,
        { experiment: Experiment }
      >;
      const kept = `${root}results/${name}.json`;
      return {
        name,
        ...headerOf(readFileSync(`${folder}${name}.ts`, 'utf8')),
        experiment: module[name.split('/')[1]].experiment,
        ...(existsSync(kept) && { result: JSON.parse(readFileSync(kept, 'utf8')) as Result }),
      };
    }),
  );
}

const cellOf = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cellOf).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** `4 of 5 marks, 3 seeds` */
const outcome = ({ result, experiment }: SystemEntry): string =>
  result
    ? `${result.verdicts.filter(({ met }) => met).length} of ${result.verdicts.length}, ${result.seeds.length} seeds`
    : `not run yet (${Object.keys(experiment.marks).length})`;

/** The README's table. */
export const tableOf = (entries: readonly SystemEntry[]): string =>
  table(
    ['system', 'what it shows', 'marks reached'],
    entries.map(entry => [
      `[${entry.name}](docs/papers.md#${slugOf(entry.name)})`,
      entry.title,
      outcome(entry),
    ]),
  );

const listed = (values: readonly (number | null)[]): string =>
  values.map(value => brief(value ?? Number.NaN)).join(', ') || '–';

function marksOf({ experiment, result }: SystemEntry): string {
  const names = Object.keys(experiment.arms);
  const rows = Object.entries(experiment.marks).map(([claim, mark]) => {
    const verdict = result?.verdicts.find(each => each.claim === claim);
    const control = mark.control
      ? `${mark.control}: ${verdict?.control ? listed(verdict.control.values) : '–'}`
      : '';
    const bound = boundOf(mark, (result?.seeds ?? experiment.seeds).length);
    const reached = verdict ? (verdict.met ? 'yes' : '**no**') : '–';
    return [claim, bound, mark.arm ?? names[0], verdict ? listed(verdict.values) : '–', control, reached];
  });
  return table(['claim', 'mark', 'arm', 'each seed', 'control that has to fail', 'reached'], rows);
}

function runOf({ name, result }: SystemEntry): string {
  const again = `\`npm run experiment -- ${name}\``;
  if (!result) return `Not run yet: ${again}.`;
  const seconds = result.trials.reduce((sum, trial) => sum + trial.seconds, 0);
  const last = result.trials
    .map(({ at }) => at)
    .sort()
    .at(-1)
    ?.slice(0, 10);
  const commits = [...new Set(result.trials.flatMap(({ commit }) => (commit ? [commit] : [])))];
  const at = commits.length ? ` at ${commits.join(', ')}` : '';
  // seeds that are not 1, 2, 3 … were chosen, and are told
  const chosen = result.seeds.some((seed, i) => seed !== i + 1) ? `, seeds ${result.seeds.join(', ')}` : '';
  return `Run with ${again}: ${result.trials.length} runs${chosen}, ${Math.round(seconds)} s, ${last}${at}.`;
}

function section(entry: SystemEntry): string {
  const { name, title, paper, experiment } = entry;
  const links = [
    `[paper](${paper})`,
    `[source](../kernel/systems/${name}.ts)`,
    `[notebook](../notebooks/systems/${name}.ipynb)`,
  ];
  const what = (of: Readonly<Record<string, string>>) =>
    Object.entries(of)
      .map(([arm, text]) => `${arm} (${text})`)
      .join('; ');
  return [
    `## ${name}`,
    `${title} ${links.join(' · ')}`,
    `_${experiment.question}_`,
    `Arms: ${what(experiment.arms)}. Controls: ${what(experiment.controls)}.`,
    marksOf(entry),
    runOf(entry),
  ].join('\n\n');
}

/** docs/papers.md. */
export const galleryOf = (entries: readonly SystemEntry[]): string =>
  [
    '# Papers',
    'Papers brought to life, one file each. For each: what is asked, what was compared, and how its marks came out, which were' +
      ' set before the final runs. A control has to fail its mark. This page is made by `npm run papers` from the' +
      " systems' files and from [results](../results); [how they are built](systems.md).",
    ...entries.map(section),
  ].join('\n\n');

const [from, to] = ['<!-- systems: npm run papers -->', '<!-- end of systems -->'];

/** A page with the table in its place. */
export function withTable(page: string, entries: readonly SystemEntry[]): string {
  const [start, end] = [page.indexOf(from), page.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`the page has no ${from} … ${to}`);
  return `${page.slice(0, start + from.length)}\n\n${tableOf(entries)}\n\n${page.slice(end)}`;
}

/** As prettier would have it. */
export const pretty = async (page: string): Promise<string> =>
  format(page, { ...(await resolveConfig(`${root}README.md`)), parser: 'markdown' });
