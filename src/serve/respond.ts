import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { GenerateRequest, StreamPart } from '../engines/engine.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { type Choice, type Format, usageOf } from './format.ts';
import { HttpError, toHttpError } from './http-error.ts';

type Finish = Extract<StreamPart, { type: 'finish' }>;

export interface Answering {
  readonly client: EngineClient;
  /** One for each prompt; each draws `samples` answers. */
  readonly requests: readonly GenerateRequest[];
  readonly format: Format;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Told when an answer begins and when one has ended. */
  onFirstToken(): void;
  onFinish(part: Finish): void;
}

/** A client that takes nothing for this long is given up, since an engine waits for it. */
const drainMs = 30_000;

/** Generates and answers; what goes wrong before the first byte throws, later it ends the stream. */
export async function respond(response: ServerResponse, answering: Answering): Promise<void> {
  if (answering.stream) await respondStreaming(response, answering);
  else await respondWhole(response, answering);
}

async function* parts({ client, requests, onFirstToken, onFinish }: Answering) {
  let first = true;
  for (const [i, request] of requests.entries()) {
    for await (const part of client.generate(request)) {
      if (first && part.type === 'text-delta') onFirstToken();
      first = false;
      if (part.type === 'finish') onFinish(part);
      // Who left reads no answer; who is still there must not take a part for the whole.
      if (part.type === 'finish' && part.reason === 'abort') {
        throw new HttpError(503, 'closing', 'The server was stopped in the middle of the answer.');
      }
      yield { index: i * (request.samples ?? 1) + part.sample, part };
    }
  }
}

async function respondWhole(response: ServerResponse, answering: Answering): Promise<void> {
  const choices: Choice[] = [];
  const finishes: Finish[] = [];
  for await (const { index, part } of parts(answering)) {
    choices[index] ??= { text: '', deltas: [] };
    const choice = choices[index];
    if (part.type === 'text-delta') {
      choice.text += part.text;
      choice.deltas.push(part);
    } else {
      choice.reason = part.reason;
      finishes.push(part);
    }
  }
  sendJson(response, 200, answering.format.whole(choices, usageOf(finishes)));
}

async function respondStreaming(response: ServerResponse, answering: Answering): Promise<void> {
  const { format, includeUsage } = answering;
  const begun = new Set<number>();
  const finishes: Finish[] = [];
  try {
    for await (const { index, part } of parts(answering)) {
      if (!response.headersSent) {
        response.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
      }
      if (part.type === 'text-delta') {
        await sendEvent(response, format.delta(index, part, !begun.has(index)));
        begun.add(index);
      } else {
        finishes.push(part);
        await sendEvent(response, format.finish(index, part.reason));
      }
    }
    if (includeUsage) await sendEvent(response, format.usage(usageOf(finishes)));
    response.end('data: [DONE]\n\n');
  } catch (error) {
    if (!response.headersSent) throw error;
    response.end(`data: ${JSON.stringify(toHttpError(error).body)}\n\n`);
  }
}

/** Waits for a slow client, but not for ever. */
async function sendEvent(response: ServerResponse, data: object): Promise<void> {
  if (response.destroyed || response.write(`data: ${JSON.stringify(data)}\n\n`)) return;
  try {
    await Promise.race([
      once(response, 'drain', { signal: AbortSignal.timeout(drainMs) }),
      once(response, 'close'),
    ]);
  } catch {
    response.destroy();
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
