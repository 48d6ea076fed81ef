import { PermissionFlagsBits } from 'discord.js';
import type { Interaction } from '../../discord/interactions.ts';
import { type BotScene, openScene } from '../harness.ts';
import { outcomeOf } from './outcomes.ts';

export interface MemoryFigures {
  readonly interactions: number;
  readonly acknowledged: number;
  /** Heap in use after a tenth of the interactions and at the end, in bytes; the collector runs first where it may. */
  readonly heap: { readonly early: number; readonly end: number };
  /** Rows that the bot's database holds at the end. */
  readonly answersKept: number;
}

/** Interactions under way at once. */
const atOnce = 8;

/** A mix of what people do, over and over, by a few people in a few channels, as on a server that lives. */
export async function memory(plan: { interactions: number }): Promise<MemoryFigures> {
  await using scene = await openScene({
    BABBLE_BOT_SLOTS: '4',
    BABBLE_BOT_WAITING: '100',
    BABBLE_BOT_PER_USER: '100',
    BABBLE_BOT_PER_GUILD: '1000',
  });
  const rooms = Array.from({ length: 20 }, (_, index) =>
    scene.fake.state.addChannel(scene.guild, `room-${index}`),
  );
  let acknowledged = 0;
  let early = 0;
  const early10 = Math.floor(plan.interactions / 10 / atOnce);
  for (let round = 0; round * atOnce < plan.interactions; round += 1) {
    const done = await Promise.all(
      Array.from({ length: atOnce }, (_, index) => one(scene, rooms, round * atOnce + index)),
    );
    acknowledged += done.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).length;
    await scene.fake.until('rest', () => scene.bot.context.answers.activeCount === 0);
    forgetRecords(scene);
    if (round === early10) early = heapInUse();
  }
  const heap = { early, end: heapInUse() };
  const answersKept = scene.bot.context.store
    .stats(scene.guild.id)
    .reduce((sum, { answers }) => sum + answers, 0);
  return { interactions: plan.interactions, acknowledged, heap, answersKept };
}

async function one(scene: BotScene, rooms: readonly BotScene['channel'][], n: number): Promise<Interaction> {
  const { fake, anna, ben } = scene;
  const room = rooms[n % rooms.length]!;
  const person = n % 3 === 0 ? ben : anna;
  const slash = (name: string, options: Record<string, string | number | boolean> = {}) =>
    fake.slash(person, room, name, { options, permissions: PermissionFlagsBits.ManageChannels });
  const replied = async (interaction: Interaction) => {
    await fake.until('a reply', () => interaction.original?.current.content);
    return interaction;
  };
  const answered = async (interaction: Interaction) => {
    await fake.until('an end', () => outcomeOf(interaction.original?.current) !== 'lost');
    return interaction;
  };
  switch (n % 8) {
    case 0:
      return replied(slash('help'));
    case 1:
      return replied(slash('settings', { temperature: (n % 20) / 10 }));
    case 2:
      return replied(slash('prompt', { text: `Be brief. ${n}` }));
    case 3: {
      const typed = fake.autocomplete(person, room, 'generate', 'engine', 'big');
      await fake.until('suggestions', () => typed.choices);
      return typed;
    }
    case 4: {
      const { original } = await answered(slash('generate', { prompt: 'em', seed: n }));
      return answered(fake.press(person, original!, 'Regenerate'));
    }
    case 5: {
      const { original } = await answered(slash('generate', { prompt: 'ka', seed: n, private: true }));
      return replied(fake.press(person, original!, 'Show probabilities'));
    }
    default:
      return answered(slash('generate', { prompt: 'em', seed: n }));
  }
}

/** The Discord on loopback records everything in this very process: that is not the bot's memory. */
function forgetRecords({ fake }: BotScene): void {
  fake.state.messages.clear();
  fake.interactions.all.length = 0;
  fake.rest.requests.length = 0;
  fake.rest.limiter.forgetOld();
  fake.gateway.forgetSent();
}

function heapInUse(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
