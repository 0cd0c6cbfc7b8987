/** A coin for random walks. The guide changes nothing here; you may, while the notebook is open. */
import type { Rng } from 'neuronbook';

/** One step: up or down. @param bias how much more often it goes up, from −1 (never) to 1 (always) */
export const step = (random: Rng, bias = 0): 1 | -1 => (random.uniform() < (1 + bias) / 2 ? 1 : -1);
