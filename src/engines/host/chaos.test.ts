import { afterEach, expect, test, vi } from 'vitest';
import { AppError } from '../../errors.ts';
import { collect, engineProcesses, type Outcome, openClient, request } from './fixtures/helpers.ts';
import type { EngineClient } from './types.ts';

/** CHAOS_OPERATIONS makes it long, CHAOS_SEED another. */
const operations = Number(process.env['CHAOS_OPERATIONS'] ?? 200);
const seed = Number(process.env['CHAOS_SEED'] ?? 1);

afterEach(async () => {
  await vi.waitFor(() => expect(engineProcesses()).toEqual([]), 5000);
});

/** Mulberry32: the same operations for the same seed. */
function randomNumbers(state: number): () => number {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a person may meet when the engine is killed under them: nothing else, and no wrong text. */
const tolerated = ['ENGINE_CRASHED', 'ENGINE_CLOSED'];

function checkOutcome({ text, reasons, error }: Outcome): void {
  expect(text).toBe(
    text
      .split(' ')
      .filter(Boolean)
      .map((_, i) => `${i} `)
      .join(''),
  );
  if (error === undefined) {
    expect(reasons).toHaveLength(1);
    if (reasons[0] === 'length') expect(text).toContain('49 ');
  } else {
    expect(error).toBeInstanceOf(AppError);
    expect(tolerated).toContain((error as AppError).code);
  }
}

test(`${operations} random operations: no wrong text, no hang, no process left`, {
  timeout: 300_000,
}, async () => {
  const random = randomNumbers(seed);
  const open = (): EngineClient => openClient('fine', { idleMs: 5 + Math.floor(random() * 50) });
  let client = open();
  const running = new Set<Promise<void>>();
  const controllers: AbortController[] = [];
  const begin = (prompt: string): void => {
    const controller = new AbortController();
    controllers.push(controller);
    const task = collect(client.generate(request(prompt, { maxTokens: 50, signal: controller.signal }))).then(
      checkOutcome,
    );
    running.add(task);
    void task.finally(() => running.delete(task)).catch(() => {});
  };
  for (let i = 0; i < operations; i++) {
    const dice = random();
    if (dice < 0.45) begin(random() < 0.5 ? 'slow 1' : 'count');
    else if (dice < 0.65) controllers[Math.floor(random() * controllers.length)]?.abort();
    else if (dice < 0.72) {
      for (const pid of engineProcesses()) process.kill(pid, random() < 0.5 ? 'SIGKILL' : 'SIGSEGV');
    } else if (dice < 0.8) {
      const previous = client;
      client = open();
      await previous[Symbol.asyncDispose]();
    } else if (dice < 0.88) await client.load(AbortSignal.timeout(50)).catch(() => {});
    else if (running.size > 0) await Promise.race(running);
    // Whoever waits on a crash loop's error would wait a minute: a person would open the engine anew.
    if (running.size > 8) await Promise.all(running);
  }
  await Promise.all(running);
  await client[Symbol.asyncDispose]();
  await using last = openClient();
  expect((await collect(last.generate(request('hello')))).text).toBe('echo hello');
});
