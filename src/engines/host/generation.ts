import { AppError } from '../../errors.ts';
import type { GenerateRequest, StreamPart } from '../engine.ts';
import type { EngineProcess } from './process.ts';

/** A stopped generation ends for the reader after this long even if the engine is still busy. */
const stopGraceMs = 400;
/** An engine that goes on for this long after a stop is ended with its process. */
const drainMs = 60_000;

/** Counts what the reader got, to end a generation on the engine's behalf. */
class Tally {
  readonly #started = performance.now();
  readonly #samples: { tokens: number; first: number; last: number; finished: boolean }[];

  constructor(samples: number) {
    this.#samples = Array.from({ length: samples }, () => ({
      tokens: 0,
      first: 0,
      last: 0,
      finished: false,
    }));
  }

  add(part: StreamPart): void {
    const sample = this.#samples[part.sample];
    if (!sample) return;
    if (part.type === 'finish') {
      sample.finished = true;
      return;
    }
    const now = performance.now() - this.#started;
    if (sample.tokens === 0) sample.first = now;
    sample.tokens += part.tokenIds.length;
    sample.last = now;
  }

  /** `finish: 'abort'` for every sample that has none. */
  *abortParts(): Generator<StreamPart> {
    for (const [sample, { tokens, first, last, finished }] of this.#samples.entries()) {
      if (finished) continue;
      const seconds = (last - first) / 1000;
      yield {
        type: 'finish',
        sample,
        reason: 'abort',
        usage: {
          promptTokens: 0,
          generatedTokens: tokens,
          firstTokenMs: first,
          tokensPerSecond: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0,
        },
      };
    }
  }
}

/** What a generation that never reached an engine yields when it is stopped. */
export function abortedParts(request: GenerateRequest): Iterable<StreamPart> {
  return new Tally(request.samples ?? 1).abortParts();
}

/**
 * Streams one generation from a host. Messages are acknowledged as the reader takes them, so a slow
 * reader slows the engine and nothing piles up here.
 *
 * `onDrained` is called once the host has really ended the generation, which after a stop may be later
 * than the end of the stream; until then the host must not be asked for more.
 */
export async function* streamGeneration(
  host: EngineProcess,
  { signal, ...request }: GenerateRequest,
  onDrained: () => void,
): AsyncGenerator<StreamPart, void> {
  const tally = new Tally(request.samples ?? 1);
  const batches: (readonly StreamPart[])[] = [];
  let reading = true; // false: the reader has left, what still comes is dropped
  let ended = false;
  let error: AppError | undefined;
  let graceOver = false;
  let wake = (): void => {};
  let stopWatching = (): void => {};

  const end = (reason?: AppError): void => {
    if (ended) return;
    ended = true;
    error = reason;
    operation.forget();
    clearTimeout(drainTimer);
    stopWatching();
    onDrained();
    wake();
  };
  const operation = host.start((id) => ({ type: 'generate', id, request }), {
    onMessage(message) {
      if (message.type === 'parts') {
        if (reading) batches.push(message.parts);
        else operation.ack();
        wake();
      } else if (message.type === 'failed') end(AppError.fromWire(message.error));
      else if (message.type === 'done') end();
    },
    onEnd: end,
  });

  let graceTimer: NodeJS.Timeout | undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    if (ended || drainTimer) return;
    operation.cancel();
    stopWatching = host.watchLife();
    if (reading) {
      graceTimer = setTimeout(() => {
        graceOver = true;
        wake();
      }, stopGraceMs);
    }
    drainTimer = setTimeout(() => {
      host.kill(
        new AppError(
          'ENGINE_CRASHED',
          `The engine went on for ${drainMs / 1000} s after a stop and was ended.`,
        ),
      );
    }, drainMs);
  };
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();

  try {
    while (true) {
      const batch = batches.shift();
      if (batch) {
        operation.ack();
        for (const part of batch) {
          tally.add(part);
          yield part;
        }
      } else if (ended || graceOver) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (signal.aborted) yield* tally.abortParts();
    else if (error) throw error;
  } finally {
    reading = false;
    clearTimeout(graceTimer);
    signal.removeEventListener('abort', cancel);
    // The reader may leave early; the engine must not go on for nobody.
    cancel();
    for (const _ of batches.splice(0)) operation.ack();
  }
}
