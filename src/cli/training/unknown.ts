import { createInterface } from 'node:readline/promises';
import { describePolicies, type UnknownPolicy } from '../../training/finetune/characters.ts';

/** Asks at the terminal what to do about unknown characters; anything but a choice refuses. */
export async function chooseUnknownPolicy(policies: readonly UnknownPolicy[]): Promise<UnknownPolicy> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `${describePolicies(policies)}, or Enter to stop: `;
    const answer = (await terminal.question(question)).trim().toLowerCase();
    return policies.find((policy) => answer !== '' && policy.startsWith(answer)) ?? 'refuse';
  } finally {
    terminal.close();
  }
}
