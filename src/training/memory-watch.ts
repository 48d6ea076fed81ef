/** Looks that set what is normal: a slow step may take longer than the first minute. */
const firstLooks = 5;

/**
 * Long runs of TensorFlow.js on Node are known to grow (tensorflow/tfjs#8326, #8570). The watch takes what a run
 * needs in its first minute, and at its first looks, as normal, and asks for a fresh process when half as much
 * again is resident.
 * @param limitBytes instead of that: a fixed limit.
 * @returns a function to ask now and then: is it time for a fresh process?
 */
export function memoryWatch(
  limitBytes?: number,
  probe: { rss(): number; seconds(): number } = {
    rss: () => process.memoryUsage.rss(),
    seconds: () => performance.now() / 1000,
  },
): () => boolean {
  const start = probe.seconds();
  let normal = 0;
  let looks = 0;
  return () => {
    const rss = probe.rss();
    if (limitBytes !== undefined) return rss > limitBytes;
    if (++looks <= firstLooks || probe.seconds() - start < 60) {
      normal = Math.max(normal, rss);
      return false;
    }
    // The absolute part lets small models breathe: garbage collection alone moves them by that.
    return rss > normal * 1.5 + 512 * 2 ** 20;
  };
}
