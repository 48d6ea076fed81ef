import { setTimeout as pause } from 'node:timers/promises';
import { median, quantile } from './quantile.ts';

export interface Comparison {
  /** Medians. */
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  /** Quartiles of the ratio. */
  readonly spread: readonly [number, number];
}

/** What ran before may still be busy for a moment: llama.cpp's threads look for work before they sleep. */
const settleMs = 500;

/**
 * Measures ours between two of theirs, round after round. Each ratio is to the mean of its neighbours, so that
 * a machine whose speed drifts does it to both.
 */
export async function compare<Name extends string>(
  rounds: number,
  theirs: (round: number) => number | Promise<number>,
  ours: Readonly<Record<Name, (round: number) => Promise<number>>>,
): Promise<Record<Name, Comparison>> {
  const names = Object.keys(ours) as Name[];
  const pairs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Pair[]>;
  let before = await theirs(0);
  for (let round = 1; round <= rounds; round++) {
    for (const name of names) {
      await pause(settleMs);
      const own = await ours[name](round);
      await pause(settleMs);
      const after = await theirs(round);
      pairs[name].push({ ours: own, theirs: (before + after) / 2 });
      before = after;
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(pairs[name])])) as Record<Name, Comparison>;
}

interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

function summary(pairs: readonly Pair[]): Comparison {
  const ratios = pairs.map(({ ours, theirs }) => ours / theirs);
  return {
    ours: median(pairs.map(({ ours }) => ours)),
    theirs: median(pairs.map(({ theirs }) => theirs)),
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
  };
}
