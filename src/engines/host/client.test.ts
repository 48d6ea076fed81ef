import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AppError } from '../../errors.ts';
import type { StreamPart } from '../engine.ts';
import { createEngineClient } from './client.ts';
import { collect, engineProcesses, isAlive, nextEvent, openClient, request } from './fixtures/helpers.ts';
import type { ClientEvent, EngineClient } from './types.ts';

const pidOf = async (client: EngineClient): Promise<number> =>
  Number((await collect(client.generate(request('pid')))).text);

afterEach(async () => {
  // Every test closes what it opens: nothing may be left behind.
  await vi.waitFor(() => expect(engineProcesses()).toEqual([]), 5000);
});

describe('loading', () => {
  test('an unknown engine is refused at once', () => {
    expect(() => createEngineClient({ engine: 'nope', model: { id: 'x', path: '' } })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ENGINE' }),
    );
  });

  test('starts nothing before it is used, then loads with progress', async () => {
    await using client = openClient('slow-load');
    expect(client.state).toBe('unloaded');
    expect(engineProcesses()).toEqual([]);
    const events: ClientEvent[] = [];
    client.subscribe((event) => events.push(event));
    const info = await client.load();
    expect(info.capabilities).toEqual(new Set(['inspect']));
    expect(client.info).toBe(info);
    const progress = events.filter((event) => event.type === 'load-progress');
    expect(progress.length).toBeGreaterThan(10);
    expect(progress.at(-1)?.progress).toEqual({ fraction: 1, message: 'part 100' });
    expect(events.filter((event) => event.type === 'state').map((event) => event.state)).toEqual([
      'loading',
      'ready',
    ]);
  });

  test.each(['slow-load', 'hang-on-load'])(
    'an aborted %s rejects with the reason and leaves no process',
    async (model) => {
      await using client = openClient(model);
      const controller = new AbortController();
      const progress = nextEvent(client, 'load-progress');
      const loading = client.load(controller.signal);
      await progress;
      const reason = new Error('changed my mind');
      controller.abort(reason);
      await expect(loading).rejects.toBe(reason);
      expect(client.state).toBe('unloaded');
      await vi.waitFor(() => expect(engineProcesses()).toEqual([]), 5000);
    },
  );

  test('a load is shared: one waiter may leave without harm to the other', async () => {
    await using client = openClient('slow-load');
    const controller = new AbortController();
    const first = client.load(controller.signal);
    const second = client.load();
    await nextEvent(client, 'load-progress');
    controller.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    await expect(second).resolves.toMatchObject({ id: 'misbehaving' });
  });

  test('a load may begin again right after it was aborted', async () => {
    await using client = openClient('slow-load');
    const controller = new AbortController();
    const first = client.load(controller.signal);
    await nextEvent(client, 'load-progress');
    controller.abort();
    const second = client.load();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    await expect(second).resolves.toMatchObject({ id: 'misbehaving' });
    expect(engineProcesses()).toHaveLength(1);
  });

  test("an engine's own load error crosses as it is and gives everything back", async () => {
    await using client = openClient('fail-on-load');
    await expect(client.load()).rejects.toMatchObject({ code: 'INTERNAL', message: 'no such weights' });
    expect(client.state).toBe('unloaded');
    await vi.waitFor(() => expect(engineProcesses()).toEqual([]), 5000);
  });

  test('probe answers without loading', async () => {
    await using client = openClient('too-big');
    expect(await client.probe()).toMatchObject({ fits: false, freeBytes: 2 });
    expect(client.info).toBeUndefined();
  });
});

describe('generating', () => {
  test('100,000 tokens as fast as the engine can arrive whole, in order and in few parts', async () => {
    await using client = openClient();
    let parts = 0;
    const { text, reasons } = await collect(
      client.generate(request('count', { maxTokens: 100_000 })),
      () => parts++,
    );
    expect(text).toBe(Array.from({ length: 100_000 }, (_, i) => `${i} `).join(''));
    expect(reasons).toEqual(['length']);
    expect(parts).toBeLessThan(5000);
  });

  test('a slow reader holds the engine back', async () => {
    await using client = openClient();
    let received = 0;
    let batches = 0;
    for await (const part of client.generate(request('count', { maxTokens: 10_000_000 }))) {
      if (part.type === 'text-delta') received += part.tokenIds.length;
      await sleep(20);
      if (++batches === 15) break;
    }
    const report = await client.inspect({ type: 'next-token', prompt: '' });
    const produced = report.type === 'distribution' ? (report.tokens[0]?.tokenId ?? 0) : 0;
    expect(produced).toBeGreaterThanOrEqual(received);
    expect(produced - received).toBeLessThanOrEqual(6 * 256);
  });

  test.each(['count', 'slow'])('a stop ends "%s" with abort and keeps the text', async (prompt) => {
    await using client = openClient();
    const controller = new AbortController();
    const { text, reasons, error } = await collect(
      client.generate(request(prompt, { maxTokens: 10_000_000, signal: controller.signal })),
      (part) => {
        if (part.type === 'text-delta' && part.text.includes('10 ')) controller.abort();
      },
    );
    expect(error).toBeUndefined();
    expect(text).toMatch(/^0 1 2 3 4 5 6 7 8 9 10 /);
    expect(reasons).toEqual(['abort']);
  });

  test('a stop ends the stream even when the engine does not listen; the next one waits for it', async () => {
    await using client = openClient();
    const controller = new AbortController();
    const first = await collect(
      client.generate(request('deaf', { maxTokens: 200, signal: controller.signal })),
      () => controller.abort(),
    );
    expect(first.reasons).toEqual(['abort']);
    expect(first.text).toMatch(/^0 1 /);
    expect(first.text).not.toContain('199 ');
    const second = await collect(client.generate(request('hello')));
    expect(second).toEqual({ text: 'echo hello', reasons: ['stop'] });
  });

  test('a signal that is aborted before anything starts nothing', async () => {
    await using client = openClient();
    const outcome = await collect(
      client.generate(request('hello', { signal: AbortSignal.abort(), samples: 2 })),
    );
    expect(outcome).toEqual({ text: '', reasons: ['abort', 'abort'] });
    expect(client.state).toBe('unloaded');
  });

  test('a stop during the load that a generation started gives the load up', async () => {
    await using client = openClient('slow-load');
    const controller = new AbortController();
    void nextEvent(client, 'load-progress').then(() => controller.abort());
    const outcome = await collect(client.generate(request('hello', { signal: controller.signal })));
    expect(outcome).toEqual({ text: '', reasons: ['abort'] });
    expect(client.state).toBe('unloaded');
  });

  test('generations wait for each other, and one may leave the queue', async () => {
    await using client = openClient();
    const order: string[] = [];
    const run = (name: string, signal = new AbortController().signal) =>
      collect(client.generate(request('slow 1', { maxTokens: 20, signal })), (part) =>
        order.push(`${name} ${part.type}`),
      );
    const controller = new AbortController();
    const first = run('a');
    const leaver = run('b', controller.signal);
    const last = run('c');
    controller.abort();
    expect((await leaver).reasons).toEqual(['abort']);
    expect((await first).reasons).toEqual(['length']);
    expect((await last).reasons).toEqual(['length']);
    const ofA = order.findLastIndex((entry) => entry.startsWith('a'));
    expect(order.findIndex((entry) => entry.startsWith('c'))).toBeGreaterThan(ofA);
  });

  test('a reader that leaves early stops the engine', async () => {
    await using client = openClient();
    for await (const _ of client.generate(request('slow', { maxTokens: 1_000_000 }))) break;
    expect((await collect(client.generate(request('hello')))).text).toBe('echo hello');
  });

  test("an engine's own error ends the generation after its text, and the process lives on", async () => {
    await using client = openClient();
    const before = await pidOf(client);
    const outcome = await collect(client.generate(request('fail')));
    expect(outcome).toMatchObject({
      text: 'so far',
      reasons: [],
      error: { code: 'INTERNAL', message: 'the engine failed' },
    });
    expect(await pidOf(client)).toBe(before);
  });
});

describe('faults', () => {
  test.each([
    ['exit 3', 'ENGINE_CRASHED', /exit code 3.*GGML_ASSERT\(n_tokens > 0\) failed/s],
    ['kill SIGSEGV', 'ENGINE_CRASHED', /SIGSEGV.*memory fault/s],
    ['kill SIGKILL', 'ENGINE_CRASHED', /SIGKILL.*memory runs out/s],
    ['abort', 'ENGINE_CRASHED', /SIGABRT/],
    ['malformed', 'HOST_PROTOCOL', /malformed "parts"/],
    ['garbage', 'HOST_PROTOCOL', /4 bytes could not be read/],
    ['huge', 'HOST_PROTOCOL', /4294967295 bytes/],
  ])('"%s" is told, the engine starts again and answers', async (prompt, code, message) => {
    await using client = openClient();
    const crashed = nextEvent(client, 'crashed');
    const restarted = nextEvent(client, 'restarted');
    const outcome = await collect(client.generate(request(prompt)));
    expect(outcome.error).toMatchObject({ code, message: expect.stringMatching(message) });
    if (/^(exit|kill)/.test(prompt)) expect(outcome.text).toBe('so far');
    expect((await crashed).error).toBe(outcome.error);
    await restarted;
    expect(client.state).toBe('ready');
    expect((await collect(client.generate(request('hello')))).text).toBe('echo hello');
  });

  test('a generation that waits while another crashes the engine is answered by the next process', async () => {
    await using client = openClient();
    const [first, second] = await Promise.all([
      collect(client.generate(request('kill SIGSEGV'))),
      collect(client.generate(request('hello'))),
    ]);
    expect(first.error).toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(second).toEqual({ text: 'echo hello', reasons: ['stop'] });
  });

  test('a crash while idle is told and the engine starts again', async () => {
    await using client = openClient();
    const pid = await pidOf(client);
    const restarted = nextEvent(client, 'restarted');
    process.kill(pid, 'SIGKILL');
    await restarted;
    expect(await pidOf(client)).not.toBe(pid);
  });

  test('a crash loop ends with a clear error', async () => {
    await using client = openClient('crash-on-load');
    const errors: AppError[] = [];
    for (let i = 0; i < 6; i++) await client.load().catch((error: AppError) => errors.push(error));
    expect(errors.map((error) => error.code)).toEqual(Array(6).fill('ENGINE_CRASHED'));
    expect(errors[4]?.message).toMatch(/SIGABRT/);
    expect(errors[5]?.message).toMatch(/crashed 5 times .* not started again .*SIGABRT/);
    expect(errors[5]?.hint).toMatch(/another engine/);
  });

  test('a process above the memory limit is ended with the numbers', async () => {
    await using client = openClient('fine', { memoryLimitBytes: 400e6 });
    const outcome = await collect(client.generate(request('grow')));
    expect(outcome.error).toMatchObject({
      code: 'ENGINE_OUT_OF_MEMORY',
      message: expect.stringMatching(/took \d{3,} MB, more than the 400 MB allowed/),
      hint: expect.stringMatching(/smaller/),
    });
    expect((await collect(client.generate(request('hello')))).text).toBe('echo hello');
  });

  test('a process that hangs is ended after a stop and starts again', async () => {
    await using client = openClient('fine', {}, { hangMs: 500 });
    const controller = new AbortController();
    const crashed = nextEvent(client, 'crashed');
    const outcome = await collect(client.generate(request('hang', { signal: controller.signal })), () =>
      controller.abort(),
    );
    expect(outcome).toEqual({ text: 'so far', reasons: ['abort'] });
    expect((await crashed).error.message).toMatch(/did not answer a stop/);
    expect((await collect(client.generate(request('hello')))).text).toBe('echo hello');
  });
});

describe('ending', () => {
  test('an idle engine is unloaded and comes back by itself', async () => {
    await using client = openClient('fine', { idleMs: 20 });
    const unloaded = nextEvent(client, 'idle-unloaded');
    const first = await pidOf(client);
    await unloaded;
    expect(client.state).toBe('unloaded');
    expect(client.info?.id).toBe('misbehaving');
    await vi.waitFor(() => expect(isAlive(first)).toBe(false), 5000);
    expect(await pidOf(client)).not.toBe(first);
  });

  test('an engine is not unloaded while it works, however long that takes', async () => {
    await using client = openClient('fine', { idleMs: 20 });
    const outcome = await collect(client.generate(request('slow 5', { maxTokens: 40 })));
    expect(outcome.reasons).toEqual(['length']);
  });

  test('closing ends the process, the generation and everyone who waits', async () => {
    const client = openClient();
    const pid = await pidOf(client);
    const parts: StreamPart[] = [];
    const first = Promise.withResolvers<void>();
    const running = collect(client.generate(request('slow', { maxTokens: 1_000_000 })), (part) => {
      parts.push(part);
      first.resolve();
    });
    const waiting = collect(client.generate(request('hello')));
    await first.promise;
    await client[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
    expect((await waiting).error).toMatchObject({ code: 'ENGINE_CLOSED' });
    const { reasons, error } = await running;
    expect(reasons[0] ?? (error as AppError).code).toMatch(/^(abort|ENGINE_CLOSED)$/);
    expect(client.state).toBe('closed');
    expect((await collect(client.generate(request('hello')))).error).toMatchObject({ code: 'ENGINE_CLOSED' });
    await expect(client.load()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await client[Symbol.asyncDispose]();
  });

  test('closing during a load rejects it', async () => {
    const client = openClient('slow-load');
    const loading = client.load();
    const rejected = expect(loading).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await nextEvent(client, 'load-progress');
    await client[Symbol.asyncDispose]();
    await rejected;
  });

  test('a process that hangs on close is ended by force', async () => {
    const client = openClient('hang-on-close');
    const pid = await pidOf(client);
    await client[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
  });

  test.each(['slow 5', 'hang'])(
    'no engine outlives a killed parent (engine busy with "%s"); its logs never reach the screen',
    async (prompt) => {
      const script = fileURLToPath(new URL('./fixtures/parent.ts', import.meta.url));
      const parent = spawn(process.execPath, [script, prompt], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      let errors = '';
      parent.stderr.on('data', (data) => {
        errors += data;
      });
      await new Promise<void>((resolve) => {
        parent.stdout.on('data', (data) => {
          output += data;
          if (output.includes('\n')) resolve();
        });
      });
      const pid = Number(output);
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
      await once(parent, 'close');
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000);
      expect(output).toBe(`${pid}\n`);
      expect(errors).toBe('');
    },
  );
});

test('secrets stay out of the engine process', async () => {
  vi.stubEnv('DISCORD_TOKEN', 'secret-a');
  vi.stubEnv('OPENAI_API_KEY', 'secret-b');
  vi.stubEnv('BABBLE_TEST_PLAIN', 'plain');
  await using client = openClient();
  const { text } = await collect(client.generate(request('environment')));
  expect(text).not.toMatch(/secret-/);
  expect(JSON.parse(text)).toMatchObject({ BABBLE_TEST_PLAIN: 'plain' });
  vi.unstubAllEnvs();
});
