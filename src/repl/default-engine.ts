/** What decides which engine a sitting begins with. */
export interface EngineOptions {
  /** The engine of the last sitting, if any. */
  readonly last?: { readonly engineId: string; readonly modelId: string } | undefined;
  /** Engines that have a model on this machine, each with that model. */
  readonly available: readonly { readonly engineId: string; readonly modelId: string }[];
}

/** Engines a first sitting begins with, best first: names that sound like names, then the simplest. */
const firstChoices = ['mlp', 'bigram-count'];

/** The engine last used, else `mlp`, else `bigram-count`, else the first there is; undefined when there is none. */
export function chooseEngine({
  last,
  available,
}: EngineOptions): { readonly engineId: string; readonly modelId: string } | undefined {
  const same = available.find(
    ({ engineId, modelId }) => engineId === last?.engineId && modelId === last.modelId,
  );
  if (same) return same;
  for (const choice of firstChoices) {
    const found = available.find(({ engineId }) => engineId === choice);
    if (found) return found;
  }
  return available[0];
}
