import type { EngineInfo, StreamPart } from '../engines/engine.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import { prepareRequest, type RequestInput } from './request.ts';
import { generateWatched, type TokenWatch } from './watch.ts';

/** What the engine is not given of the conversation, for a person. `cut` is how often it was shortened. */
export interface LeftOutPart {
  readonly type: 'left-out';
  readonly text: string;
  readonly info: EngineInfo;
  readonly cut: number;
}

/**
 * Streams the answer of a loaded engine. A conversation that the engine finds too long is asked again shorter, as
 * long as nothing has been said yet.
 * @throws what the engine throws; CONTEXT_FULL when even the shortest request does not fit.
 */
export async function* generateFitting(
  client: EngineClient,
  input: Omit<RequestInput, 'cut'>,
  signal: AbortSignal,
  watch?: TokenWatch,
): AsyncGenerator<StreamPart | LeftOutPart, void> {
  for (let cut = 0; ; cut++) {
    const { request, leftOut, canBeCut } = prepareRequest({ ...input, cut });
    if (leftOut !== undefined) yield { type: 'left-out', text: leftOut, info: input.info, cut };
    let hasBegun = false;
    try {
      for await (const part of generateWatched(client, { ...request, signal }, watch)) {
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
