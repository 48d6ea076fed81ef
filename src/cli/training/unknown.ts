import { createInterface } from 'node:readline/promises';
import type { UnknownPolicy } from '../../training/finetune/characters.ts';

const meanings: Readonly<Record<UnknownPolicy, string>> = {
  refuse: 'take another text',
  drop: 'leave them out',
  replace: 'the nearest in their place',
  extend: 'teach the model',
};

/** Asks at the terminal what to do about unknown characters; anything but a choice refuses. */
export async function chooseUnknownPolicy(policies: readonly UnknownPolicy[]): Promise<UnknownPolicy> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const choices = policies.map((policy) => `[${policy[0]}]${policy.slice(1)} (${meanings[policy]})`);
  try {
    const answer = (await terminal.question(`${choices.join(', ')}, or Enter to stop: `))
      .trim()
      .toLowerCase();
    return policies.find((policy) => answer !== '' && policy.startsWith(answer)) ?? 'refuse';
  } finally {
    terminal.close();
  }
}
