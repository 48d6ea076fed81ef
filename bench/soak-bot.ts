// npm run soak:bot [-- --short]: the real bot against the Discord on loopback, under many people and many faults.
// Prints how many requests got exactly one answer or one refusal, how fast they were acknowledged, what was lost
// or doubled by faults of the gateway, and how memory grew. Ends with 1 when a figure is missed. Loopback only.
import { openScene } from '../test/bot/harness.ts';

const short = process.argv.includes('--short');
const plan = short
  ? { people: 20, seconds: 15, faults: 20, interactions: 300 }
  : { people: 100, seconds: 600, faults: 1_000, interactions: 10_000 };
const acknowledgeLimitMs = 1_000;
/** Growth of the heap that counts as flat, from a tenth of the way to the end, in bytes. */
const flatBytes = 64 * 2 ** 20;

type Scene = Awaited<ReturnType<typeof openScene>>;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const failures: string[] = [];

function report(name: string, figure: string, fine: boolean): void {
  process.stdout.write(`${fine ? 'ok    ' : 'MISSED'}  ${name.padEnd(58)} ${figure}\n`);
  if (!fine) failures.push(name);
}

const idle = (scene: Scene) =>
  scene.fake.until(
    'the bot to have answered all',
    () => scene.bot.context.answers.activeCount === 0,
    300_000,
  );

/** An answer ends with buttons; a refusal is a warning without them. */
function ending(scene: Scene, id: string): 'answer' | 'refusal' | 'nothing' {
  const message = scene.fake.interactions.all.find((one) => one.id === id)?.original?.current;
  if (JSON.stringify(message?.components ?? []).includes('answer:regenerate')) return 'answer';
  return message?.content.includes('⚠️') ? 'refusal' : 'nothing';
}

async function crowd(): Promise<void> {
  const limits = { BABBLE_BOT_SLOTS: '2', BABBLE_BOT_WAITING: '20', BABBLE_BOT_PER_GUILD: '1000' };
  await using scene = await openScene(limits);
  const { fake, guild } = scene;
  const people = Array.from({ length: plan.people }, (_, index) => ({
    user: fake.state.addUser(`person-${index}`),
    channel: fake.state.addChannel(guild, `room-${index}`),
  }));
  for (const { channel } of people)
    fake.gateway.dispatch(
      'CHANNEL_CREATE',
      {
        id: channel.id,
        type: 0,
        name: channel.name,
        guild_id: guild.id,
        position: 0,
        permission_overwrites: [],
      },
      guild.id,
    );
  const asked: string[] = [];
  const end = Date.now() + plan.seconds * 1_000;
  await Promise.all(
    people.map(async ({ user, channel }, index) => {
      for (let n = index; Date.now() < end; n += 1) {
        await pause(500 + ((n * 7_919) % 4_000));
        asked.push(fake.slash(user, channel, 'generate', { options: { prompt: 'em', seed: n } }).id);
      }
    }),
  );
  await pause(1_000);
  await idle(scene);
  const endings = asked.map((id) => ending(scene, id));
  const count = (kind: string) => endings.filter((one) => one === kind).length;
  const waits = fake.interactions.all
    .map(({ acknowledgedAt, createdAt }) => (acknowledgedAt ?? Number.POSITIVE_INFINITY) - createdAt)
    .sort((a, b) => a - b);
  const p99 = waits[Math.ceil(waits.length * 0.99) - 1] ?? 0;
  const who = `${plan.people} people, ${plan.seconds} s, 2 slots`;
  report(
    `${who}: one answer or refusal each`,
    `${count('answer')} + ${count('refusal')} of ${asked.length}`,
    count('nothing') === 0,
  );
  report(
    `${who}: messages for each request`,
    `${fake.state.messages.size} for ${asked.length}`,
    fake.state.messages.size === asked.length,
  );
  report(`${who}: acknowledged, p99`, `${p99} ms`, p99 <= acknowledgeLimitMs);
  report(
    `${who}: 429 and invalid requests`,
    `${fake.rest.limiter.refused.length}, ${fake.rest.invalid.length}`,
    fake.rest.limiter.refused.length + fake.rest.invalid.length === 0,
  );
}

async function faults(): Promise<void> {
  await using scene = await openScene();
  const { fake, anna, channel } = scene;
  let number = 0;
  const asked: string[] = [];
  fake.gateway.faults.duplicateEvery = 2;
  const codes = [4000, 1006, 4000, 1001];
  for (let n = 0; n < plan.faults; n += 1) {
    asked.push(fake.slash(anna, channel, 'generate', { options: { prompt: 'em', seed: n } }).id);
    // in the middle: the answer is under way while the connection falls
    fake.gateway.closeAll(codes[n % codes.length]!);
    await fake.until('the session to come back', () => fake.gateway.connected > 0, 60_000);
    await fake.until('an end', () => ending(scene, asked.at(-1)!) !== 'nothing', 60_000);
    number += 1;
  }
  await idle(scene);
  const lost = asked.filter((id) => ending(scene, id) === 'nothing').length;
  const doubled = fake.state.messages.size - asked.length;
  report(
    `${number} gateway faults, half of the events doubled`,
    `${lost} lost, ${doubled} doubled`,
    lost === 0 && doubled === 0,
  );
}

async function memory(): Promise<void> {
  await using scene = await openScene();
  const { fake, anna, guild } = scene;
  const heap = () => {
    (globalThis as { gc?: () => void }).gc?.();
    return process.memoryUsage().heapUsed;
  };
  let first = 0;
  for (let n = 0; n < plan.interactions; n += 1) {
    const channel = fake.state.addChannel(guild, `c${n}`);
    const { id } = fake.slash(anna, channel, 'help');
    await fake.until('a reply', () => fake.interactions.all.find((one) => one.id === id)?.original, 60_000);
    // the Discord on loopback records everything in this very process: that is not the bot's memory
    fake.state.messages.clear();
    fake.state.channels.delete(channel.id);
    fake.interactions.all.length = 0;
    fake.rest.requests.length = 0;
    if (n === Math.floor(plan.interactions / 10)) first = heap();
  }
  const grown = heap() - first;
  const figure = `${(grown / 2 ** 20).toFixed(1)} MB${'gc' in globalThis ? '' : ' (run with --expose-gc for exact figures)'}`;
  report(`${plan.interactions} interactions: growth of the heap`, figure, grown < flatBytes);
}

for (const part of [crowd, faults, memory]) await part();
process.stdout.write(failures.length === 0 ? 'All figures met.\n' : `Missed: ${failures.join('; ')}\n`);
process.exit(failures.length === 0 ? 0 : 1);
