/** A factor on the peak learning rate by progress in [0, 1]: schedules end exactly with the budget. */
export type Schedule = (progress: number) => number;

/** `after` from the point `at` on: the lectures' step decay. */
export function stepDecay(at: number, after: number): Schedule {
  return (progress) => (progress < at ? 1 : after);
}

/** Linear rise over `warmup`, then flat, then linear to `floor` over the last `decay`; all parts of the whole run. */
export function warmupStableDecay(options: { warmup: number; decay: number; floor?: number }): Schedule {
  const { warmup, decay, floor = 0 } = options;
  return (progress) => {
    // From the first step on the rate is not 0, or that step would be lost.
    if (progress < warmup) return Math.max(progress / warmup, 0.01);
    const left = decay === 0 ? 1 : (1 - progress) / decay;
    return left >= 1 ? 1 : floor + (1 - floor) * left;
  };
}

/** Linear rise over `warmup`, then half a cosine to `floor`. Loshchilov and Hutter (2017). */
export function warmupCosine(options: { warmup: number; floor?: number }): Schedule {
  const { warmup, floor = 0 } = options;
  return (progress) => {
    if (progress < warmup) return Math.max(progress / warmup, 0.01);
    const part = (progress - warmup) / (1 - warmup);
    return floor + ((1 - floor) * (1 + Math.cos(Math.PI * part))) / 2;
  };
}
