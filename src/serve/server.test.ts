import { request as httpRequest } from 'node:http';
import path from 'node:path';
import OpenAI, { APIError } from 'openai';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openClient } from '../engines/host/fixtures/helpers.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { shippedModels } from '../paths.ts';
import type { Offer } from './pool.ts';
import { type ApiServer, type ServeOptions, serve } from './server.ts';

const shipped = (id: string): Offer => ({
  id,
  engine: id,
  model: { id, path: path.join(shippedModels, id) },
});
const offers = [shipped('bigram-count'), shipped('bigram-grad')];

async function start(options: Partial<ServeOptions> = {}): Promise<ApiServer> {
  const server = await serve({
    host: '127.0.0.1',
    port: 0,
    apiKey: undefined,
    offers,
    maxQueue: 8,
    maxLoaded: 2,
    idleMs: 0,
    ...options,
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const connect = (server: ApiServer, apiKey = 'none'): OpenAI =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0, logLevel: 'off' });

/** A server whose only model is the engine that does as its prompt says. */
async function startMisbehaving(options: Partial<ServeOptions> = {}) {
  const clients: EngineClient[] = [];
  const server = await start({
    offers: [{ id: 'odd', engine: 'misbehaving', model: { id: 'fine', path: '' } }],
    open: () => {
      const client = openClient();
      clients.push(client);
      return client;
    },
    ...options,
  });
  return { server, client: connect(server), engine: (): EngineClient => clients[0]! };
}

describe('with the official client', () => {
  test('models are listed, and described in full once loaded', async () => {
    const client = connect(await start());
    const listed = (await client.models.list()).data.map(({ id }) => id);
    expect(listed).toEqual(['bigram-count', 'bigram-grad']);
    expect(await client.models.retrieve('bigram-count')).toMatchObject({
      id: 'bigram-count',
      babble: { kind: 'completion', parameterCount: 729, capabilities: expect.arrayContaining(['seeded']) },
    });
    await expect(client.models.retrieve('nope')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining('bigram-count, bigram-grad'),
    });
  });

  test('completions draw the ten names, whole and streamed', async () => {
    const client = connect(await start());
    const asked = { model: 'bigram-count', prompt: '', n: 10, seed: 1337, max_tokens: 100 };
    const whole = await client.completions.create(asked);
    const names = 'myliena r a ahi grammian n xxonh chaldeiniy bler jaranige'.split(' ');
    expect(whole.choices.map(({ text }) => text)).toEqual(names);
    expect(whole.choices.map(({ finish_reason }) => finish_reason)).toEqual(Array(10).fill('stop'));
    expect(whole.usage?.completion_tokens).toBe(names.join('').length);

    const streamed: string[] = Array(10).fill('');
    let usage: OpenAI.CompletionUsage | null | undefined;
    const stream = await client.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      for (const choice of chunk.choices) streamed[choice.index] += choice.text;
      usage = chunk.usage ?? usage;
    }
    expect(streamed).toEqual(names);
    expect(usage).toEqual(whole.usage);
  });

  test('a toy model chats: it goes on from the last message', async () => {
    const client = connect(await start());
    const asked = {
      model: 'bigram-count',
      seed: 5,
      messages: [
        { role: 'system', content: 'You are a names model!' },
        { role: 'user', content: [{ type: 'text', text: 'q' }] },
      ] satisfies OpenAI.ChatCompletionMessageParam[],
    };
    const whole = await client.chat.completions.create({ ...asked, logprobs: true, top_logprobs: 3 });
    const { text } = (
      await client.completions.create({ model: 'bigram-count', seed: 5, prompt: 'q', max_tokens: 512 })
    ).choices[0]!;
    const choice = whole.choices[0]!;
    expect(choice.message).toMatchObject({ role: 'assistant', content: text });
    expect(choice.logprobs?.content?.map(({ token }) => token).join('')).toBe(text);
    expect(choice.logprobs?.content?.[0]?.top_logprobs).toHaveLength(3);
    const stream = client.chat.completions.stream(asked);
    expect(await stream.finalContent()).toBe(text);
  });

  test('several prompts, stop strings and log probabilities of completions', async () => {
    const client = connect(await start());
    const { choices } = await client.completions.create({
      model: 'bigram-count',
      prompt: ['q', 'xq'],
      temperature: 0,
      max_tokens: 6,
      logprobs: 2,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1]);
    for (const { text, logprobs } of choices) {
      expect(logprobs?.tokens?.join('')).toBe(text);
      expect(Object.keys(logprobs?.top_logprobs?.[0] ?? {})).toHaveLength(2);
    }
    const first = choices[0]!.text;
    const stopped = await client.completions.create({
      model: 'bigram-count',
      prompt: 'q',
      temperature: 0,
      max_tokens: 6,
      stop: first[0]!,
    });
    expect(stopped.choices[0]).toMatchObject({ text: '', finish_reason: 'stop' });
  });

  test.each([
    [{ prompt: '漢' }, 400, 'TEXT_UNKNOWN_CHARACTERS'],
    [{ prompt: 'a', temperature: -1 }, 400, 'invalid_request'],
    [{ prompt: 'a', echo: true }, 400, 'invalid_request'],
    [{ prompt: 'a', model: 'nope' }, 404, 'model_not_found'],
    [{ prompt: 'a', response_format: { type: 'json_object' } }, 400, 'ENGINE_UNSUPPORTED'],
  ])('%j is refused', async (change, status, code) => {
    const client = connect(await start());
    const asking = client.completions.create({ model: 'bigram-count', ...change } as never);
    await expect(asking).rejects.toMatchObject({ status, code });
  });
});

describe('access', () => {
  test('an address that others reach needs a key', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  });

  test('with a key only who has it gets in, but for the health check', async () => {
    const server = await start({ apiKey: 'right' });
    await expect(connect(server, 'wrong').models.list()).rejects.toMatchObject({ status: 401 });
    expect((await connect(server, 'right').models.list()).data).toHaveLength(2);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  });

  test('a web page cannot ask, by its origin nor by a name that was made to resolve here', async () => {
    const server = await start();
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        httpRequest(`${server.url}/v1/models`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ origin: 'http://localhost:3000' })).toBe(200);
  });

  test('bodies that are no JSON, of another type or too long are refused', async () => {
    const { url } = await start();
    const post = (body: string, type: string): Promise<Response> =>
      fetch(`${url}/v1/completions`, { method: 'POST', body, headers: { 'content-type': type } });
    expect((await post('{', 'application/json')).status).toBe(400);
    expect((await post('{}', 'text/plain')).status).toBe(415);
    expect((await post(' '.repeat(5_000_000), 'application/json')).status).toBe(413);
    expect((await fetch(`${url}/v2`)).status).toBe(404);
  });
});

describe('under load and faults', () => {
  test('beyond the queue it is 503 with Retry-After, and free again afterwards', async () => {
    const { server, client } = await startMisbehaving({ maxQueue: 2 });
    const ask = (prompt: string) =>
      client.completions.create({ model: 'odd', prompt, stream: true, max_tokens: 100_000 });
    const running = await ask('slow 5');
    const waiting = ask('hello');
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toContain('babble_requests_inside 2');
    });
    const refused = await ask('hello').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ status: 503, code: 'QUEUE_FULL' });
    expect(Number((refused as APIError).headers?.get('retry-after'))).toBeGreaterThan(0);
    running.controller.abort();
    let text = '';
    for await (const chunk of await waiting) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('echo hello');
  });

  test.each([true, false])('a client that leaves stops its generation (stream: %s)', async (stream) => {
    const { client, engine } = await startMisbehaving();
    const controller = new AbortController();
    const asking = client.completions.create(
      { model: 'odd', prompt: 'slow 5', max_tokens: 1_000_000, stream },
      { signal: controller.signal },
    );
    const settled = asking.catch(() => {});
    await vi.waitFor(() => expect(engine().state).toBe('generating'), 5000);
    controller.abort();
    await settled;
    await vi.waitFor(() => expect(engine().state).toBe('ready'), 5000);
  });

  test('a crash is an error of the answer, also in the middle of a stream; the next one works', async () => {
    const { client } = await startMisbehaving();
    const ask = { model: 'odd', prompt: 'kill SIGSEGV' };
    await expect(client.completions.create(ask)).rejects.toMatchObject({
      status: 500,
      code: 'ENGINE_CRASHED',
    });
    let text = '';
    const streaming = (async () => {
      for await (const chunk of await client.completions.create({ ...ask, stream: true })) {
        text += chunk.choices[0]?.text ?? '';
      }
    })();
    await expect(streaming).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    expect(text).toBe('so far');
    const next = await client.completions.create({ model: 'odd', prompt: 'hello' });
    expect(next.choices[0]?.text).toBe('echo hello');
  });

  test('an error that is not ours tells nothing of this machine', async () => {
    const { client } = await startMisbehaving({
      open: () => {
        throw new Error('secret/path');
      },
    });
    await expect(client.completions.create({ model: 'odd', prompt: '' })).rejects.toMatchObject({
      status: 500,
      message: expect.not.stringContaining('secret'),
    });
  });

  test('no more engines stay loaded than allowed', async () => {
    const client = connect(await start({ maxLoaded: 1 }));
    const loaded = async (): Promise<string[]> =>
      (await client.models.list()).data
        .filter((model) => 'kind' in (model as unknown as { babble: object }).babble)
        .map(({ id }) => id);
    await client.models.retrieve('bigram-count');
    expect(await loaded()).toEqual(['bigram-count']);
    await client.models.retrieve('bigram-grad');
    expect(await loaded()).toEqual(['bigram-grad']);
  });

  test('metrics count requests and tokens', async () => {
    const server = await start();
    const client = connect(server);
    const { usage } = await client.completions.create({ model: 'bigram-count', prompt: 'q', seed: 5 });
    await client.completions.create({ model: 'nope', prompt: '' }).catch(() => {});
    await vi.waitFor(async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      expect(text).toContain(
        `babble_generated_tokens_total{model="bigram-count"} ${usage?.completion_tokens}`,
      );
      expect(text).toContain('babble_requests_total{route="POST /v1/completions",status="404"} 1');
      expect(text).toContain('babble_first_token_seconds_count{model="bigram-count"} 1');
    });
  });

  test('closing stops what runs', async () => {
    const { server, client, engine } = await startMisbehaving();
    const asking = client.completions
      .create({ model: 'odd', prompt: 'slow 5', max_tokens: 1_000_000 })
      .catch((error: unknown) => error);
    await vi.waitFor(() => expect(engine().state).toBe('generating'), 5000);
    await server[Symbol.asyncDispose]();
    await asking;
    expect(engine().state).toBe('closed');
  });
});
