/** Training: losses, optimizers, schedules and the loop. */
export { fit, type FitOptions, type StepReport } from './fit.ts';
export type { Batch, Data } from './data.ts';
export { crossEntropy, loss, mae, mse, type Loss, type LossContext } from './loss.ts';
export { adam, adamW, sgd, type Optimizer } from './optimizer.ts';
export { Run } from './run.ts';
export * as schedule from './schedule.ts';
export { stepGraph } from './step.ts';
