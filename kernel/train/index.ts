/** Training: losses, optimizers, schedules and the loop. */
export { divergence, type Divergence, type DivergenceOptions } from './divergence.ts';
export { fit, type FitOptions, type StepReport } from './fit.ts';
export type { Batch, Data } from './data.ts';
export { crossEntropy, loss, mae, mse, type Labels, type Loss, type LossContext } from './loss.ts';
export type { HeldOutOptions } from './held-out.ts';
export { adam, adamW, lion, momentum, sgd, type Optimizer } from './optimizer.ts';
export type { Group } from './parameters.ts';
export { Run, type Ended } from './run.ts';
export * as schedule from './schedule.ts';
export { stepGraph } from './step.ts';
