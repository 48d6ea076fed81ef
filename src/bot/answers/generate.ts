import { prepareRequest } from '../../chat/request.ts';
import type { EngineInfo, StreamPart } from '../../engines/engine.ts';
import type { EngineClient } from '../../engines/host/types.ts';
import { AppError } from '../../errors.ts';
import type { AnswerRequest } from '../store/store.ts';

/** What generating gives besides the engine's own parts. */
export type GeneratePart =
  | StreamPart
  | { readonly type: 'ready'; readonly info: EngineInfo }
  /** What the engine is not given of the conversation, for a person. */
  | { readonly type: 'left-out'; readonly text: string };

/**
 * Loads the engine when needed and streams its answer. A conversation that the engine finds too long is asked
 * again shorter, as long as nothing has been said yet.
 */
export async function* generateAnswer(
  client: EngineClient,
  { messages, sampling, maxTokens, stop, systemPrompt }: AnswerRequest,
  signal: AbortSignal,
): AsyncGenerator<GeneratePart, void> {
  const info = await client.load(signal);
  yield { type: 'ready', info };
  const settings = { sampling, maxTokens, stop, systemPrompt };
  for (let cut = 0; ; cut += 1) {
    const { request, leftOut, canBeCut } = prepareRequest({ path: messages, info, settings, cut });
    // a completion engine goes on from one text by its nature: no news until that is cut too
    if (leftOut !== undefined && (info.kind === 'chat' || cut > 0)) yield { type: 'left-out', text: leftOut };
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
