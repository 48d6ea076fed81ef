/** One answer of an engine: what is asked, asked again shorter when it does not fit, as a stream of parts. */
import type { EngineInfo, StreamPart } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import type { EngineLink } from './engine-link.ts';
import { generateFitting, type LeftOutPart } from './generate-fitting.ts';
import type { RequestInput } from './request.ts';
import type { ChatSettings } from './types.ts';
import type { TokenWatch } from './watch.ts';
import { withEvents } from './with-events.ts';

export interface TurnInput {
  readonly path: RequestInput['path'];
  /** Their defaults depend on the engine. */
  readonly settingsFor: (info: EngineInfo) => ChatSettings;
  readonly watch?: TokenWatch | undefined;
  readonly cacheKey?: RequestInput['cacheKey'];
}

/** What a turn gives besides the engine's own parts. */
export type TurnPart =
  | StreamPart
  | { readonly type: 'engine-event'; readonly event: ClientEvent }
  | LeftOutPart;

const noUsage = { promptTokens: 0, generatedTokens: 0, firstTokenMs: 0, tokensPerSecond: 0 };

/**
 * Loads the engine when needed and streams its answer, its events mixed in. Ends with `finish: 'abort'` when
 * stopped, while loading too. Only sample 0 is asked for.
 */
export async function* streamTurn(
  link: EngineLink,
  input: TurnInput,
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

async function* ask(link: EngineLink, input: TurnInput, signal: AbortSignal): AsyncGenerator<TurnPart, void> {
  let info: EngineInfo;
  const client = await link.client();
  try {
    info = await client.load(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    yield { type: 'finish', sample: 0, reason: 'abort', usage: noUsage };
    return;
  }
  const { path, settingsFor, watch, cacheKey } = input;
  yield* generateFitting(client, { path, settings: settingsFor(info), info, cacheKey }, signal, watch);
}
