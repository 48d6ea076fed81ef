/** One answer of an engine: what is asked, asked again shorter when it does not fit, as a stream of parts. */
import type { EngineInfo, StreamPart } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import type { EngineLink } from './engine-link.ts';
import { prepareRequest, type RequestInput } from './request.ts';
import { withEvents } from './with-events.ts';

/** What a turn gives besides the engine's own parts. */
export type TurnPart =
  | StreamPart
  | { readonly type: 'engine-event'; readonly event: ClientEvent }
  | { readonly type: 'left-out'; readonly text: string; readonly info: EngineInfo; readonly cut: number };

const noUsage = { promptTokens: 0, generatedTokens: 0, firstTokenMs: 0, tokensPerSecond: 0 };

/**
 * Loads the engine when needed and streams its answer, its events mixed in. Ends with `finish: 'abort'` when
 * stopped, while loading too. Only sample 0 is asked for.
 */
export async function* streamTurn(
  link: EngineLink,
  input: Pick<RequestInput, 'path' | 'settings'>,
  signal: AbortSignal,
): AsyncGenerator<TurnPart, void> {
  const controller = new AbortController();
  const either = AbortSignal.any([signal, controller.signal]);
  yield* withEvents<TurnPart, TurnPart>(
    ask(link, input, either),
    (listener) => link.subscribe((event) => listener({ type: 'engine-event', event })),
    controller,
  );
}

async function* ask(
  link: EngineLink,
  input: Pick<RequestInput, 'path' | 'settings'>,
  signal: AbortSignal,
): AsyncGenerator<TurnPart, void> {
  let info: EngineInfo;
  const client = await link.client();
  try {
    info = await client.load(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    yield { type: 'finish', sample: 0, reason: 'abort', usage: noUsage };
    return;
  }
  for (let cut = 0; ; cut++) {
    const { request, leftOut, canBeCut } = prepareRequest({ ...input, info, cut });
    if (leftOut !== undefined) yield { type: 'left-out', text: leftOut, info, cut };
    let hasBegun = false;
    try {
      for await (const part of client.generate({ ...request, signal })) {
        hasBegun = true;
        yield part;
      }
      return;
    } catch (error) {
      const tooLong = error instanceof AppError && error.code === 'CONTEXT_FULL';
      if (hasBegun || !tooLong || !canBeCut) throw error;
    }
  }
}
