/** `babble serve`: the real command on a free loopback port, with the official client and with our own remote engine. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testModel } from '../src/engines/llama/fixtures/test-model.ts';
import { babble, type Ending, startBabble } from './command.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-serve-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcessWithoutNullStreams;
  readonly client: OpenAI;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Omit<Ending, 'stdout'>>;
  metrics(): Promise<string>;
}

/** Starts `babble serve` and waits for its address. */
async function start(args: readonly string[] = [], key?: string): Promise<Served> {
  const env = { BABBLE_SERVE_API_KEY: key ?? '' };
  const child = startBabble(['serve', '--port', '0', ...args], { home, env });
  const ended = Promise.all([text(child.stderr), once(child, 'close')]).then(([stderr, [code]]) => ({
    code: code as number | null,
    stderr,
  }));
  const said = await Promise.race([once(child.stdout, 'data').then(String), ended]);
  const url = /http:\/\/[\d.]+:\d+/.exec(String(said))?.[0];
  if (url === undefined) throw new Error(`babble serve did not start: ${JSON.stringify(said)}`);
  return {
    ...{ url, child, ended },
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: key ?? 'none', maxRetries: 0, logLevel: 'off' }),
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Tokens of a small LLaMA for longer than any test waits: 128 samples up to its context's end. */
const long = { model: 'tiny-llama-gguf', prompt: 'ROMEO:', n: 128, max_tokens: 100_000, temperature: 1 };

const inside = async (served: Served) =>
  Number(/^babble_requests_inside (\d+)/m.exec(await served.metrics())?.[1]);

describe('by its address', () => {
  let served: Served;
  beforeAll(async () => {
    await babble(['models', 'alias', 'bard', 'tiny-llama-gguf'], { home });
    served = await start(['--queue', '2', '--max-loaded', '3', '--load', 'threads=1']);
  });
  afterAll(() => served[Symbol.asyncDispose]());

  test('every model of the catalogue is on offer, and it is in good health', async () => {
    const ids = (await served.client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['bigram-count', 'mlp', 'gpt', 'tiny-llama-gguf']));
    const health = await fetch(`${served.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  });

  test('a toy completes, whole and streamed, with log probabilities', async () => {
    const asked = { model: 'bigram-count', prompt: '', seed: 1337, max_tokens: 20, logprobs: 2 };
    const { choices, usage } = await served.client.completions.create(asked);
    expect(choices[0]).toMatchObject({ text: 'myliena', finish_reason: 'stop' });
    expect(choices[0]!.logprobs?.tokens?.join('')).toBe('myliena');
    expect(usage?.completion_tokens).toBe(7);
    let streamed = '';
    for await (const chunk of await served.client.completions.create({ ...asked, stream: true })) {
      streamed += chunk.choices[0]?.text ?? '';
    }
    expect(streamed).toBe('myliena');
  });

  test('llama.cpp completes behind it, also by the alias of a model', async () => {
    const asked = { prompt: 'ROMEO:', temperature: 0, max_tokens: 8 };
    const [byId, byAlias] = await Promise.all(
      ['tiny-llama-gguf', 'bard'].map((model) => served.client.completions.create({ ...asked, model })),
    );
    expect(byId!.choices[0]!.text).toHaveLength(8);
    expect(byAlias!.choices[0]!.text).toBe(byId!.choices[0]!.text);
    expect(byAlias!.model).toBe('tiny-llama-gguf');
  });

  test('an unknown model is 404 with the names there are, a body that is no JSON 400', async () => {
    const asking = served.client.completions.create({ model: 'nobody', prompt: '' });
    await expect(asking).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining('bigram-count'),
    });
    const headers = { 'content-type': 'application/json' };
    const bad = await fetch(`${served.url}/v1/completions`, { method: 'POST', body: '{"model":', headers });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  test('beyond the queue it is 503; one who leaves makes room, since the engine hears of it', async () => {
    const controllers = [new AbortController(), new AbortController()];
    const asking = controllers.map(({ signal }) =>
      served.client.completions.create(long, { signal }).catch((error: unknown) => error),
    );
    await vi.waitFor(async () => expect(await inside(served)).toBe(2), 30_000);
    const refused = await served.client.completions.create(long).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(APIError);
    expect(refused).toMatchObject({ status: 503, code: 'QUEUE_FULL' });
    expect(Number((refused as APIError).headers?.get('retry-after'))).toBeGreaterThan(0);
    for (const controller of controllers) controller.abort();
    await Promise.all(asking);
    await vi.waitFor(async () => expect(await inside(served)).toBe(0), 30_000);
    // It would wait behind 128 samples had the engine gone on.
    const { choices } = await served.client.completions.create({ ...long, n: 1, max_tokens: 1 });
    expect(choices[0]!.text).toHaveLength(1);
  });

  test('metrics tell what was asked and what came', async () => {
    const metrics = await served.metrics();
    expect(metrics).toMatch(/babble_generated_tokens_total\{model="bigram-count"\} [1-9]/);
    expect(metrics).toMatch(/babble_requests_total\{route="POST \/v1\/completions",status="404"\} 1/);
    expect(metrics).toMatch(/babble_requests_total\{route="POST \/v1\/completions",status="503"\} 1/);
    expect(metrics).toMatch(/babble_first_token_seconds_count\{model="tiny-llama-gguf"\} [1-9]/);
  });

  test('`babble models server` lists what it offers, by the environment or an address', async () => {
    const env = { BABBLE_REMOTE_URL: `${served.url}/v1` };
    const [byEnvironment, byAddress] = await Promise.all([
      babble(['models', 'server'], { home, env }),
      babble(['models', 'server', `${served.url}/v1`], { home }),
    ]);
    expect(byEnvironment).toMatchObject({ code: 0, stderr: '' });
    expect(byEnvironment.stdout).toMatch(/^tiny-llama-gguf( |$)/m);
    expect(byAddress).toEqual(byEnvironment);
    const nobody = { BABBLE_REMOTE_URL: 'http://127.0.0.1:9/v1' };
    expect(await babble(['models', 'server'], { home, env: nobody })).toMatchObject({ code: 1, stdout: '' });
  });

  test('`babble run` gets the same from it through the engine remote as without', async () => {
    const env = { BABBLE_REMOTE_URL: `${served.url}/v1` };
    const asked = ['--model', 'bigram-count', '--seed', '1337', ''];
    const far = await babble(['run', '--engine', 'remote', ...asked], { home, env });
    expect(far).toEqual({ code: 0, stdout: 'myliena\n', stderr: '' });
  });
});

describe.skipIf(testModel === undefined)('SmolLM2 behind it (skipped without the test model)', () => {
  const question: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'user', content: 'What is the capital of France?' },
  ];
  let served: Served;
  let model: string;
  beforeAll(async () => {
    served = await start([
      '--offer',
      `llama=${testModel}`,
      '--load',
      'contextLength=1024',
      '--load',
      'threads=1',
    ]);
    model = path.basename(testModel!, '.gguf');
  });
  afterAll(() => served?.[Symbol.asyncDispose]());

  test('chats, whole and streamed, with log probabilities', async () => {
    const asked = { model, messages: question, temperature: 0, max_tokens: 24 };
    const whole = await served.client.chat.completions.create({ ...asked, logprobs: true, top_logprobs: 2 });
    const choice = whole.choices[0]!;
    expect(choice.message.content).toContain('Paris');
    expect(choice.finish_reason).toBe('stop');
    expect(choice.logprobs?.content?.map(({ token }) => token).join('')).toBe(choice.message.content);
    expect(choice.logprobs?.content?.every(({ top_logprobs }) => top_logprobs.length === 2)).toBe(true);
    const stream = served.client.chat.completions.stream(asked);
    let pieces = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) pieces += 1;
    expect(await stream.finalContent()).toBe(choice.message.content);
    expect(pieces).toBeGreaterThan(1); // the first word at once, the others gathered
  });

  test('`babble run` answers from it through the engine remote, as a chat', async () => {
    const ask = ['run', '--engine', 'remote', '--model', model, '--temperature', '0', '--max-tokens', '24'];
    const { code, stdout, stderr } = await babble([...ask, 'What is the capital of France?'], {
      home,
      env: { BABBLE_REMOTE_URL: `${served.url}/v1` },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Paris');
  });

  test('a stop in the middle of a stream ends the work', async () => {
    const stream = await served.client.chat.completions.create({
      ...{ model, messages: [{ role: 'user', content: 'Count from one to a thousand.' }] },
      ...{ max_tokens: 900, temperature: 0, stream: true, n: 8 },
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await vi.waitFor(async () => expect(await inside(served)).toBe(0), 30_000);
  });
});

describe('keys', () => {
  test('an address that others reach is refused without one', async () => {
    const { code, stdout, stderr } = await babble(['serve', '--host', '0.0.0.0', '--port', '0'], { home });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('BABBLE_SERVE_API_KEY');
  });

  test('with one it listens there, for those who have it', async () => {
    await using served = await start(['--host', '0.0.0.0'], 'the right key');
    const url = served.url.replace('0.0.0.0', '127.0.0.1');
    const ask = async (key: string) =>
      (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect([await ask('the right key'), await ask('another'), await ask('')]).toEqual([200, 401, 401]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test('a port that is taken is told', async () => {
    await using served = await start();
    const { code, stderr } = await babble(['serve', '--port', new URL(served.url).port], { home });
    expect(code).toBe(2);
    expect(stderr).toContain('is taken');
  });
});

describe('SIGTERM', () => {
  test('lets the answer that runs come to its end, takes no other, and ends with 0', async () => {
    await using served = await start();
    // More than the connection holds while nobody reads: it is in the middle until we go on.
    const stream = await served.client.completions.create({
      ...{ model: 'bigram-count', prompt: Array<string>(32).fill(''), n: 128 },
      ...{ max_tokens: 20, logprobs: 5, stream: true },
    });
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    const told = once(served.child.stderr, 'data');
    served.child.kill('SIGTERM');
    expect(String(await told)).toContain('finishes the answers that run');
    await expect(served.client.models.list()).rejects.toBeInstanceOf(APIError);
    let finishes = 0;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      finishes += next.value.choices.filter(({ finish_reason }) => finish_reason !== null).length;
    }
    expect(finishes).toBe(32 * 128);
    expect((await served.ended).code).toBe(0);
  });

  test('twice ends at once, and no part of an answer passes for the whole', async () => {
    await using served = await start(['--load', 'threads=1']);
    const asking = served.client.completions.create(long).catch((error: unknown) => error);
    await vi.waitFor(async () => expect(await inside(served)).toBe(1), 30_000);
    const told = once(served.child.stderr, 'data');
    served.child.kill('SIGTERM');
    await told;
    served.child.kill('SIGTERM');
    expect((await served.ended).code).toBe(0);
    expect(await asking).toMatchObject({ status: 503, code: 'closing' });
  });

  test('with nothing to do it ends at once', async () => {
    await using served = await start();
    served.child.kill('SIGINT');
    expect(await served.ended).toEqual({ code: 0, stderr: '' });
  });
});
