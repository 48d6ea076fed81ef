import type { BotScene } from '../harness.ts';

/** What people got for what they asked. Exactly one each is an answer or a refusal, nothing is lost or doubled. */
export interface Outcomes {
  readonly asked: number;
  readonly answered: number;
  readonly refused: number;
  readonly lost: number;
  /** Messages, or answers in the bot's database, beyond one for each request. */
  readonly doubled: number;
}

/** One request: a slash command's interaction, or a message that mentions the bot. */
export type Request = { readonly kind: 'slash' | 'message'; readonly id: string };

/** The bot's messages by what they answer, in one pass over everything that was recorded. */
function outcomesOf({ fake, bot, guild }: BotScene, requests: readonly Request[]): Outcomes {
  const interactions = new Map(fake.interactions.all.map((one) => [one.id, one.original?.current]));
  const replies = new Map<string, string[]>();
  let messages = 0;
  for (const { current, deleted } of fake.state.messages.values()) {
    if (!current.author.bot || deleted) continue;
    messages += 1;
    const question = current.message_reference?.message_id;
    if (question) replies.set(question, [...(replies.get(question) ?? []), current.id]);
  }
  // an interaction handled twice shows one message all the same: what the bot kept tells
  const kept = bot.context.store.stats(guild.id).reduce((sum, { answers }) => sum + answers, 0);
  const count = { answered: 0, refused: 0, lost: 0 };
  let begun = 0;
  for (const { kind, id } of requests) {
    const shown =
      kind === 'slash' ? interactions.get(id) : fake.state.messages.get(replies.get(id)?.[0] ?? '')?.current;
    count[outcomeOf(shown)] += 1;
    if (shown) begun += 1;
  }
  return { asked: requests.length, ...count, doubled: Math.max(messages - begun, kept - requests.length) };
}

/** An answer ends with buttons; a refusal is a warning without them. */
export function outcomeOf(
  message: { readonly content: string; readonly components?: unknown } | undefined,
): 'answered' | 'refused' | 'lost' {
  if (JSON.stringify(message?.components ?? []).includes('answer:regenerate')) return 'answered';
  return message?.content.includes('⚠️') ? 'refused' : 'lost';
}

/** What came of the requests once each has its end, or when the deadline has passed. */
export async function settled(
  scene: BotScene,
  requests: readonly Request[],
  deadlineMs = 60_000,
): Promise<Outcomes> {
  const done = () => scene.bot.context.answers.activeCount === 0 && outcomesOf(scene, requests).lost === 0;
  // what is not there by then is what is counted as lost
  await scene.fake.until('every end', done, deadlineMs).catch(() => {});
  return outcomesOf(scene, requests);
}
