import { ButtonStyle, ComponentType } from 'discord.js';

/** What a button under an answer does; its custom id is `answer:<action>:<answer id>`. */
const answerActions = ['stop', 'regenerate', 'continue', 'engine', 'probabilities'] as const;
export type AnswerAction = (typeof answerActions)[number];

/** The buttons under an answer that has ended. */
export const finishedActions: readonly AnswerAction[] = ['regenerate', 'continue', 'engine', 'probabilities'];

const faces: Readonly<Record<AnswerAction, { label: string; style: ButtonStyle }>> = {
  stop: { label: 'Stop', style: ButtonStyle.Danger },
  regenerate: { label: 'Regenerate', style: ButtonStyle.Secondary },
  continue: { label: 'Continue', style: ButtonStyle.Secondary },
  engine: { label: 'Another engine', style: ButtonStyle.Secondary },
  probabilities: { label: 'Show probabilities', style: ButtonStyle.Secondary },
};

/** One row of buttons, in Discord's JSON. */
export function buttonRow(answerId: string, actions: readonly AnswerAction[]): object[] {
  if (actions.length === 0) return [];
  const components = actions.map((action) => ({
    type: ComponentType.Button,
    custom_id: `answer:${action}:${answerId}`,
    ...faces[action],
  }));
  return [{ type: ComponentType.ActionRow, components }];
}

/** Reads a custom id back; undefined for one that is not ours. */
export function parseButton(customId: string): { action: AnswerAction; answerId: string } | undefined {
  const [kind, action, answerId] = customId.split(':');
  const known = answerActions.find((candidate) => candidate === action);
  return kind === 'answer' && known && answerId ? { action: known, answerId } : undefined;
}
