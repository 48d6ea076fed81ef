/** `babble serve`: every engine over OpenAI's interface. See docs/serve.md. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GenerateRequest } from '../engines/engine.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { type Access, authorize, checkAccess } from './access.ts';
import { readJson } from './body.ts';
import { chatFormat, completionFormat, type Format } from './format.ts';
import { Gate } from './gate.ts';
import { HttpError, toHttpError } from './http-error.ts';
import { createMetrics } from './metrics.ts';
import { describeModel, modelList } from './models.ts';
import { type Asked, parseChat, parseCompletion } from './parse.ts';
import { EnginePool, type Offer, type PoolOptions } from './pool.ts';
import { renderPrompt } from './render-prompt.ts';
import { respond, sendJson } from './respond.ts';

export interface ServeOptions extends Access, Omit<PoolOptions, 'onCrash'> {
  /** 0 takes any free one. */
  readonly port: number;
  readonly offers: readonly Offer[];
  /** Requests that may wait or run at once; beyond it 503 with Retry-After. */
  readonly maxQueue: number;
}

export interface ApiServer extends AsyncDisposable {
  /** For example `http://127.0.0.1:8484`. */
  readonly url: string;
  /** Requests that wait or run. */
  readonly inside: number;
  /** Takes no more requests, and resolves when those that wait or run are answered, or the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

/**
 * Starts the server. Disposing it stops what runs and ends the engines.
 * @throws AppError INVALID_SETTING for an open address without a key; Node's error when the port is taken.
 */
export async function serve(options: ServeOptions): Promise<ApiServer> {
  checkAccess(options);
  const gate = new Gate(options.maxQueue);
  const metrics = createMetrics(() => gate.inside);
  const pool = new EnginePool(options.offers, {
    ...options,
    onCrash: ({ id }) => metrics.crashes.inc({ model: id }),
  });
  const closing = new AbortController();
  let draining = false;

  const answer = async (
    response: ServerResponse,
    signal: AbortSignal,
    asked: Asked,
    format: (id: string, model: string, created: number) => Format,
    prompts: (client: EngineClient) => Promise<readonly Pick<GenerateRequest, 'messages' | 'prompt'>[]>,
  ): Promise<void> => {
    const offer = pool.find(asked.model);
    using _place = gate.enter();
    const started = performance.now();
    await pool.with(offer, async (client) =>
      respond(response, {
        client,
        requests: (await prompts(client)).map((prompt) => ({ ...asked.parameters, ...prompt, signal })),
        format: format(randomUUID(), offer.id, Math.floor(Date.now() / 1000)),
        stream: asked.stream,
        includeUsage: asked.includeUsage,
        onFirstToken: () =>
          metrics.firstToken.observe({ model: offer.id }, (performance.now() - started) / 1000),
        onFinish: ({ usage }) => metrics.tokens.inc({ model: offer.id }, usage.generatedTokens),
      }),
    );
  };

  const routes: Readonly<Record<string, Handler>> = {
    'GET /health': async (_request, response) => sendJson(response, 200, { status: 'ok' }),
    'GET /metrics': async (_request, response) => {
      response.writeHead(200, { 'content-type': metrics.registry.contentType });
      response.end(await metrics.registry.metrics());
    },
    'GET /v1/models': async (_request, response) => sendJson(response, 200, modelList(pool)),
    'GET /v1/models/:id': async (request, response, signal) => {
      const id = decode((request.url ?? '').split('?')[0]?.slice('/v1/models/'.length) ?? '');
      sendJson(response, 200, await describeModel(pool, id, signal));
    },
    'POST /v1/chat/completions': async (request, response, signal) => {
      const asked = parseChat(await readJson(request));
      await answer(response, signal, asked, chatFormat, async (client) => [
        renderPrompt(await client.load(signal), asked.messages),
      ]);
    },
    'POST /v1/completions': async (request, response, signal) => {
      const asked = parseCompletion(await readJson(request));
      await answer(response, signal, asked, completionFormat, async () =>
        asked.prompts.map((prompt) => ({ prompt })),
      );
    },
  };

  const server = createServer((request, response) => {
    const route = routeOf(request);
    // The client's leaving stops its generation.
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
      // A kept-alive connection would hold up the closing.
      if (draining) setImmediate(() => server.closeIdleConnections());
      metrics.requests.inc({ route: route in routes ? route : 'other', status: response.statusCode });
    });
    const handle = async (): Promise<void> => {
      if (draining) throw new HttpError(503, 'closing', 'The server is closing.', { connection: 'close' });
      if (route !== 'GET /health') authorize(request, options);
      const handler = routes[route];
      if (!handler) throw new HttpError(404, 'not_found', `There is no ${route.slice(0, 200)}.`);
      await handler(request, response, AbortSignal.any([gone.signal, closing.signal]));
    };
    handle().catch((error: unknown) => {
      const refusal = toHttpError(error);
      sendJson(response, refusal.status, refusal.body, refusal.headers);
    });
  });
  server.maxConnections = 1024;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port, family } = server.address() as AddressInfo;
  let closed: Promise<unknown> | undefined;
  const close = (): Promise<unknown> => {
    draining = true;
    // Open connections stay until their answers are sent; idle ones end now.
    closed ??= new Promise((resolve) => server.close(resolve));
    return closed;
  };
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    get inside() {
      return gate.inside;
    },
    async drain(signal) {
      const stopped = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => stopped.resolve(), { once: true });
      if (signal.aborted) stopped.resolve();
      await Promise.race([close(), stopped.promise]);
    },
    async [Symbol.asyncDispose]() {
      const closed = close();
      closing.abort();
      await pool[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}

function routeOf({ method = 'GET', url = '/' }: IncomingMessage): string {
  const path = url.split('?')[0] ?? '/';
  return `${method} ${/^[/]v1[/]models[/]./.test(path) ? '/v1/models/:id' : path}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, 'invalid_request', 'The address is not well formed.');
  }
}
