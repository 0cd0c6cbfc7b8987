/** Claims with controls: declared once, run seed by seed, judged by marks that were set before. */
export { experiment, Experiment, type Plan, type RunExperimentOptions, type Trial } from './experiment.ts';
export { type Figures, type Mark, type Verdict } from './marks.ts';
export { Report } from './report.ts';
