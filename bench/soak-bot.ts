// npm run soak:bot [-- --short] [crowd|faults|memory]: the real bot against the Discord on loopback, under many people and many faults.
// Prints how many requests got exactly one answer or one refusal, how fast they were acknowledged, what was lost
// or doubled by faults of the gateway, and how memory grew. Ends with 1 when a figure is missed. Loopback only;
// the long form takes about twenty minutes.
import { cpus, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { crowd } from '../test/bot/soak/crowd.ts';
import { faults } from '../test/bot/soak/faults.ts';
import { memory } from '../test/bot/soak/memory.ts';

const short = process.argv.includes('--short');
const plan = short
  ? { people: 20, seconds: 15, faults: 60, interactions: 400 }
  : { people: 100, seconds: 600, faults: 1_000, interactions: 10_000 };
const acknowledgeLimitMs = 1_000;
/** Growth of the heap that counts as flat, from a tenth of the way to the end, in bytes. */
const flatBytes = 16 * 2 ** 20;

const failures: string[] = [];
function report(name: string, figure: string, fine: boolean): void {
  process.stdout.write(`${fine ? 'ok    ' : 'MISSED'}  ${name.padEnd(58)} ${figure}\n`);
  if (!fine) failures.push(name);
}
const machine = () =>
  `${new Date().toISOString()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}\n`;

async function crowdPart(): Promise<void> {
  const late = monitorEventLoopDelay({ resolution: 10 });
  late.enable();
  const cpu = process.cpuUsage();
  const end = Date.now() + plan.seconds * 1_000;
  const people = await crowd({
    people: plan.people,
    questions: 0,
    // a person asks four times a minute; two slots manage about half of what comes
    pauseMs: 15_000,
    answerMs: 500,
    acknowledgeMs: 3_000,
    more: () => Date.now() < end,
  });
  const who = `${plan.people} people, ${plan.seconds} s, 2 slots`;
  report(
    `${who}: one answer or refusal each`,
    `${people.answered} + ${people.refused} of ${people.asked}; ${people.lost} lost, ${people.doubled} doubled`,
    people.lost === 0 && people.doubled === 0,
  );
  const { p50, p99, most } = people.acknowledged;
  report(`${who}: acknowledged`, `p50 ${p50} ms, p99 ${p99} ms, most ${most} ms`, p99 <= acknowledgeLimitMs);
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(
    `        (bot and Discord in one process: ${((user + system) / 1e6).toFixed(1)} s of processor, its event loop late by ${(late.percentile(99) / 1e6).toFixed(0)} ms at p99, ${(late.max / 1e6).toFixed(0)} ms at most)\n`,
  );
  report(
    `${who}: 429 and invalid requests`,
    `${people.rateLimited}, ${people.invalid}`,
    people.rateLimited + people.invalid === 0,
  );
}

async function faultsPart(): Promise<void> {
  // several bots at once, since each waits most of the time for its session to come back
  const bots = await Promise.all(Array.from({ length: 4 }, () => faults({ faults: plan.faults / 4 })));
  const sum = (name: keyof (typeof bots)[number]) => bots.reduce((total, one) => total + one[name], 0);
  report(
    `${sum('faults')} gateway faults, half of the events doubled`,
    `${sum('asked')} asked, ${sum('lost')} lost, ${sum('doubled')} doubled (${sum('resumes')} RESUME, ${sum('identifies')} IDENTIFY)`,
    sum('lost') + sum('doubled') + sum('refused') === 0,
  );
}

async function memoryPart(): Promise<void> {
  const { interactions, heap, acknowledged } = await memory(plan);
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  report(
    `${interactions} interactions: heap after a tenth, at the end`,
    `${megabytes(heap.early)}, ${megabytes(heap.end)}`,
    heap.end - heap.early < flatBytes && acknowledged === interactions,
  );
}

const parts = { crowd: crowdPart, faults: faultsPart, memory: memoryPart };
const named = Object.entries(parts).filter(([name]) => process.argv.includes(name));
for (const [, part] of named.length > 0 ? named : Object.entries(parts)) {
  process.stdout.write(machine());
  await part();
}
process.stdout.write(machine());
process.stdout.write(failures.length === 0 ? 'All figures met.\n' : `Missed: ${failures.join('; ')}\n`);
process.exit(failures.length === 0 ? 0 : 1);
