/** A factor on the peak learning rate by progress in [0, 1]: schedules end exactly with the budget. */
export type Schedule = (progress: number) => number;

/** Linear rise over `warmup`, then flat, then linear to 0 over the last `decay`; all parts of the whole run. */
export function warmupStableDecay(options: { warmup: number; decay: number }): Schedule {
  const { warmup, decay } = options;
  return (progress) => {
    // From the first step on the rate is not 0, or that step would be lost.
    if (progress < warmup) return Math.max(progress / warmup, 0.01);
    const left = decay === 0 ? 1 : (1 - progress) / decay;
    return Math.min(left, 1);
  };
}
