/** Attribution: what an answer is owed to; the front door offers this as `attribution`. */
export { ablation, occlusion, type AblationOptions, type OcclusionOptions } from './ablation.ts';
export { gradCam, guidedGradCam, type GradCamOptions, type GuidedGradCamOptions } from './cam.ts';
export {
  deconvolution,
  guidedBackprop,
  inputTimesGradient,
  saliency,
  smoothGrad,
  type GradientAttributionOptions,
  type SmoothGradOptions,
} from './gradients.ts';
export {
  conductance,
  integratedGradients,
  neuronConductance,
  type ConductanceOptions,
  type NeuronConductanceOptions,
  type PathOptions,
} from './path.ts';
export type { Attribution } from './result.ts';
export {
  composite,
  epsilonAlphaBetaFlat,
  epsilonGammaBox,
  epsilonPlus,
  epsilonPlusFlat,
  type Composite,
  type LayerPlace,
  type Where,
} from './lrp/composite.ts';
export { lrp, type LrpOptions } from './lrp/lrp.ts';
export {
  alphaBeta,
  box,
  epsilon,
  flat,
  gamma,
  wSquare,
  zplus,
  type Rule,
  type WeightedLayer,
} from './lrp/rules.ts';
