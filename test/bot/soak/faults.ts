import { openScene } from '../harness.ts';
import { type Outcomes, outcomeOf, type Request, settled } from './outcomes.ts';

export interface FaultFigures extends Outcomes {
  readonly faults: number;
  readonly resumes: number;
  readonly identifies: number;
}

/** Every so many faults the session itself is refused, and discord.js must IDENTIFY again (it waits seconds for that). */
const refuseEvery = 50;

/**
 * One fault of the gateway after another, each in the middle of an answer: closed with a code that allows RESUME, cut
 * without a word, asked to reconnect, session refused. Half of all events come twice. Questions are slash commands
 * and mentions by turns.
 */
export async function faults(plan: { faults: number }): Promise<FaultFigures> {
  await using scene = await openScene();
  const { fake, anna, guild } = scene;
  // five messages in five seconds are allowed in each channel
  const rooms = Array.from({ length: 60 }, (_, index) => fake.state.addChannel(guild, `room-${index}`));
  await scene.restart();
  const { seen, faults: switches } = fake.gateway;
  const before = { ...seen };
  switches.duplicateEvery = 2;
  const requests: Request[] = [];
  const falls = [
    () => fake.gateway.closeAll(4000),
    () => fake.gateway.closeAll(1006),
    () => fake.gateway.askReconnect(),
    () => fake.gateway.closeAll(1001),
  ];
  for (let n = 0; n < plan.faults; n += 1) {
    const room = rooms[n % rooms.length]!;
    const slash = n % 2 === 0;
    const id = slash
      ? fake.slash(anna, room, 'generate', { options: { prompt: 'em', seed: n } }).id
      : fake.say(anna, room, `<@${fake.state.botUser.id}> em`).current.id;
    requests.push({ kind: slash ? 'slash' : 'message', id });
    const { connections } = seen;
    const refuse = n % refuseEvery === refuseEvery - 1;
    switches.refuseResume = refuse;
    falls[refuse ? 0 : n % falls.length]!();
    await fake.until('a new connection', () => seen.connections > connections, 60_000);
    await fake.until('the session to be back', () => fake.gateway.connected > 0, 60_000);
    switches.refuseResume = false;
    await fake.until('an end', () => {
      const shown = slash
        ? fake.interactions.all.at(-1)!.original?.current
        : fake.state.visible(room.id).find(({ current }) => current.message_reference?.message_id === id)
            ?.current;
      return outcomeOf(shown) !== 'lost';
    });
  }
  return {
    ...(await settled(scene, requests)),
    faults: plan.faults,
    resumes: seen.resumes - before.resumes,
    identifies: seen.identifies - before.identifies,
  };
}
