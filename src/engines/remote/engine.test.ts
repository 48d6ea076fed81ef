import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { shippedModels } from '../../paths.ts';
import { type ApiServer, serve } from '../../serve/server.ts';
import { describeEngineContract } from '../engine.contract.ts';
import type { Engine, GenerateRequest, LoadSettings } from '../engine.ts';
import { createEngineClient } from '../host/client.ts';
import { collect, openClient } from '../host/fixtures/helpers.ts';
import { testModel } from '../llama/fixtures/test-model.ts';
import { factory } from './engine.ts';

const never = new AbortController().signal;
const load = (id: string, baseUrl: string, settings: LoadSettings = {}, signal = never): Promise<Engine> =>
  factory.load({ id, path: '' }, { signal, settings: { baseUrl, ...settings }, onProgress() {} });
const request = (change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: 'q',
  maxTokens: 20,
  sampling: { seed: 5 },
  signal: never,
  ...change,
});

describe('against babble serve', () => {
  let server: ApiServer;
  beforeAll(async () => {
    const model = { id: 'bigram-count', path: path.join(shippedModels, 'bigram-count') };
    server = await serve({
      host: '127.0.0.1',
      port: 0,
      apiKey: 'key of the test',
      offers: [{ id: 'bigram-count', engine: 'bigram-count', model }],
      maxQueue: 64,
      maxLoaded: 1,
      idleMs: 0,
    });
    vi.stubEnv('BABBLE_REMOTE_API_KEY', 'key of the test');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server[Symbol.asyncDispose]();
  });

  describeEngineContract('remote', (signal) => load('bigram-count', `${server.url}/v1`, {}, signal));

  test('in a process of its own, with the key from the environment', async () => {
    await using client = createEngineClient({
      engine: 'remote',
      model: { id: 'auto', path: '' },
      settings: { baseUrl: `${server.url}/v1` },
    });
    const info = await client.load();
    expect(info).toMatchObject({ modelId: 'bigram-count', kind: 'completion', parameterCount: 729 });
    const { text, reasons } = await collect(client.generate(request()));
    expect(text).not.toBe('');
    expect(reasons).toHaveLength(1);
  });

  test('a wrong key and an unknown model are told', async () => {
    await expect(load('nope', `${server.url}/v1`)).rejects.toMatchObject({
      code: 'UNKNOWN_MODEL',
      message: expect.stringContaining('bigram-count'),
    });
    vi.stubEnv('BABBLE_REMOTE_API_KEY', 'wrong');
    await expect(load('auto', `${server.url}/v1`)).rejects.toMatchObject({
      code: 'REMOTE_REFUSED',
      hint: expect.stringContaining('BABBLE_REMOTE_API_KEY'),
      message: expect.not.stringContaining('wrong key'),
    });
    vi.stubEnv('BABBLE_REMOTE_API_KEY', 'key of the test');
  });
});

describe.skipIf(testModel === undefined)(
  'against babble serve with a chat model (skipped without the test model)',
  () => {
    let server: ApiServer;
    beforeAll(async () => {
      server = await serve({
        host: '127.0.0.1',
        port: 0,
        apiKey: undefined,
        offers: [{ id: 'smollm2', engine: 'llama', model: { id: 'smollm2', path: testModel! } }],
        settings: { contextLength: 512, threads: 1 },
        maxQueue: 64,
        maxLoaded: 1,
        idleMs: 0,
      });
    });
    afterAll(() => server[Symbol.asyncDispose]());

    describeEngineContract('remote chat', (signal) => load('smollm2', `${server.url}/v1`, {}, signal), {
      prompt: 'Tell me about the sea.',
      skips: { 'unknown characters are a typed error': 'its vocabulary has every byte' },
    });
  },
);

test('a stop reaches the server and the engine behind it', async () => {
  const behind = openClient();
  await using server = await serve({
    host: '127.0.0.1',
    port: 0,
    apiKey: undefined,
    offers: [{ id: 'odd', engine: 'misbehaving', model: { id: 'fine', path: '' } }],
    maxQueue: 8,
    maxLoaded: 1,
    idleMs: 0,
    open: () => behind,
  });
  await using engine = await load('odd', `${server.url}/v1`);
  const controller = new AbortController();
  const outcome = await collect(
    engine.generate(request({ prompt: 'slow 5', maxTokens: 1_000_000, signal: controller.signal })),
    () => controller.abort(),
  );
  expect(outcome.reasons).toEqual(['abort']);
  expect(outcome.text).not.toBe('');
  await vi.waitFor(() => expect(behind.state).toBe('ready'), 5000);
});

describe('against servers that fail', () => {
  /** A server whose model list works and whose completions do as the handler says. */
  async function failing(
    complete: (response: ServerResponse, count: number, body: string) => void,
  ): Promise<string> {
    let count = 0;
    const server = createServer((incoming: IncomingMessage, response) => {
      if (incoming.url?.endsWith('/models')) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ object: 'list', data: [{ id: 'm', max_model_len: 4096 }] }));
        return;
      }
      let body = '';
      incoming.on('data', (data) => {
        body += data;
      });
      incoming.on('end', () => complete(response, ++count, body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }
  const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
  const textEvent = (text: string, finish: string | null = null): string =>
    event({ choices: [{ index: 0, text, finish_reason: finish }] });
  const begin = (response: ServerResponse): ServerResponse =>
    response.writeHead(200, { 'content-type': 'text/event-stream' });

  test('a busy server is asked again', async () => {
    const url = await failing((response, count) => {
      if (count < 3) response.writeHead(503, { 'retry-after-ms': '1' }).end('{}');
      else begin(response).end(`${textEvent('hello', 'stop')}data: [DONE]\n\n`);
    });
    await using engine = await load('auto', url);
    expect(engine.info).toMatchObject({ kind: 'chat', contextLength: 4096 });
    expect(await collect(engine.generate(request()))).toEqual({ text: 'hello', reasons: ['stop'] });
  });

  test('one that stays busy is an error in the end', async () => {
    const url = await failing((response) => response.writeHead(503, { 'retry-after-ms': '1' }).end('{}'));
    await using engine = await load('auto', url, { retries: 2 });
    expect((await collect(engine.generate(request()))).error).toMatchObject({ code: 'REMOTE_FAILED' });
  });

  test.each(['end', 'destroy'] as const)(
    'an answer cut off (%s) keeps its text and is an error',
    async (how) => {
      const url = await failing((response) => {
        begin(response).write(textEvent('so far'), () => setImmediate(() => response[how]()));
      });
      await using engine = await load('auto', url);
      expect(await collect(engine.generate(request()))).toMatchObject({
        text: 'so far',
        reasons: [],
        error: { code: 'REMOTE_FAILED' },
      });
    },
  );

  test('silence is given up', async () => {
    const url = await failing((response) => begin(response).write(textEvent('so far')));
    await using engine = await load('auto', url, { stallMs: 50 });
    expect(await collect(engine.generate(request()))).toMatchObject({
      text: 'so far',
      error: { code: 'REMOTE_UNREACHABLE' },
    });
  });

  test('an answer that never begins is given up', async () => {
    const url = await failing(() => {});
    await using engine = await load('auto', url, { timeoutMs: 50, retries: 0 });
    expect((await collect(engine.generate(request()))).error).toMatchObject({ code: 'REMOTE_UNREACHABLE' });
  });

  test('odd chunks do no harm, and fewer tokens than allowed at `length` means the context', async () => {
    const url = await failing((response) => {
      begin(response);
      for (const odd of [{}, { choices: 7 }, { choices: [null] }, { choices: [{ delta: { content: 3 } }] }]) {
        response.write(event(odd));
      }
      response.write(textEvent('ok', 'length'));
      response.write(event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 1 } }));
      response.end('data: [DONE]\n\n');
    });
    await using engine = await load('auto', url);
    const parts = [];
    for await (const part of engine.generate(request())) parts.push(part);
    expect(parts).toMatchObject([
      { type: 'text-delta', text: 'ok', tokenIds: [-1] },
      { type: 'finish', reason: 'context', usage: { promptTokens: 5, generatedTokens: 1 } },
    ]);
  });

  test('messages and sampling are sent under the names servers know', async () => {
    let sent: unknown;
    const url = await failing((response, _count, body) => {
      sent = JSON.parse(body);
      begin(response).end(event({ choices: [{ delta: { content: 'hi' }, finish_reason: 'stop' }] }));
    });
    await using engine = await load('m', url);
    const { prompt: _, ...chat } = request({
      messages: [{ role: 'user', content: 'hello' }],
      sampling: { temperature: 0.5, topK: 40, minP: 0.1, repeatPenalty: 1.1, seed: 9 },
      stop: ['x'],
      topProbabilities: 2,
      jsonSchema: { type: 'object' },
    });
    expect((await collect(engine.generate(chat))).text).toBe('hi');
    expect(sent).toMatchObject({
      model: 'm',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 20,
      temperature: 0.5,
      top_k: 40,
      min_p: 0.1,
      repeat_penalty: 1.1,
      seed: 9,
      stop: ['x'],
      logprobs: true,
      top_logprobs: 2,
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
      stream_options: { include_usage: true },
    });
  });

  test('nobody there is told with the reason', async () => {
    await expect(load('auto', 'http://127.0.0.1:9/v1', { retries: 0 })).rejects.toMatchObject({
      code: 'REMOTE_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:9 .*(ECONNREFUSED|bad port)/),
    });
    await expect(load('auto', 'ftp://x')).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  });
});

test("OpenAI's key goes to OpenAI only", async () => {
  const { remoteSettings } = await import('./settings.ts');
  const env = { OPENAI_API_KEY: 'theirs' };
  expect(remoteSettings({ baseUrl: 'https://api.openai.com/v1' }, env).apiKey).toBe('theirs');
  expect(remoteSettings({ baseUrl: 'https://api.openai.com.evil.example/v1' }, env).apiKey).toBeUndefined();
  expect(remoteSettings({}, env)).toMatchObject({ baseUrl: 'http://127.0.0.1:8080/v1', apiKey: undefined });
});
