import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultEditIntervalMs } from '../../../src/bot/bot.ts';
import type { BotScene } from '../harness.ts';
import { openScene } from '../harness.ts';
import { type Outcomes, type Request, settled } from './outcomes.ts';

export interface CrowdFigures extends Outcomes {
  /** From the interaction to its acknowledgement, in milliseconds. */
  readonly acknowledged: { readonly p50: number; readonly p99: number; readonly most: number };
  readonly rateLimited: number;
  readonly invalid: number;
}

/**
 * Many people ask at once, on two slots of one engine whose answers take a while (a content filter that waits, so
 * that no processor is needed for it): some wait, some are refused.
 * @param pauseMs how long each person waits between two questions, about.
 * @param more asks on after `questions` each until it says no; a long soak goes by the clock.
 */
export async function crowd(plan: {
  people: number;
  questions: number;
  pauseMs: number;
  answerMs: number;
  /** Discord waits this long for an acknowledgement; default: as long as a test does. */
  acknowledgeMs?: number;
  more?: () => boolean;
}): Promise<CrowdFigures> {
  const limits = { BABBLE_BOT_SLOTS: '2', BABBLE_BOT_WAITING: '20', BABBLE_BOT_PER_GUILD: '1000' };
  await using scene = await openScene(limits, {}, defaultEditIntervalMs);
  scene.fake.interactions.acknowledgeMs = plan.acknowledgeMs ?? scene.fake.interactions.acknowledgeMs;
  await slowDown(scene, plan.answerMs);
  const { fake, guild } = scene;
  const people = Array.from({ length: plan.people }, (_, index) => ({
    user: fake.state.addUser(`person-${index}`),
    channel: fake.state.addChannel(guild, `room-${index}`),
  }));
  const requests: Request[] = [];
  const { more = () => false } = plan;
  await Promise.all(
    people.map(async ({ user, channel }, index) => {
      for (let n = 0; n < plan.questions || more(); n += 1) {
        // each at an own pace that does not change from run to run
        const share = (((index + 1) * 7_919 + n * 104_729) % 1_000) / 1_000;
        await new Promise((resolve) => setTimeout(resolve, plan.pauseMs * (0.5 + share)));
        const { id } = fake.slash(user, channel, 'generate', { options: { prompt: 'em', seed: n } });
        requests.push({ kind: 'slash', id });
      }
    }),
  );
  const outcomes = await settled(scene, requests);
  const waits = fake.interactions.all
    .map(({ acknowledgedAt, createdAt }) => (acknowledgedAt ?? Number.POSITIVE_INFINITY) - createdAt)
    .sort((a, b) => a - b);
  const at = (share: number) => waits[Math.max(0, Math.ceil(waits.length * share) - 1)] ?? 0;
  return {
    ...outcomes,
    acknowledged: { p50: at(0.5), p99: at(0.99), most: at(1) },
    rateLimited: fake.rest.limiter.refused.length,
    invalid: fake.rest.invalid.length,
  };
}

async function slowDown(scene: BotScene, answerMs: number): Promise<void> {
  const filter = path.join(String(scene.env['BABBLE_HOME']), 'slow.mjs');
  await writeFile(
    filter,
    `export default (text) => new Promise((resolve) => setTimeout(resolve, ${answerMs}, text));`,
  );
  Object.assign(scene.env, { BABBLE_BOT_CONTENT_FILTER: filter });
  await scene.restart();
}
