import { generateFitting, type LeftOutPart } from '../../chat/generate-fitting.ts';
import type { EngineInfo, StreamPart } from '../../engines/engine.ts';
import type { EngineClient } from '../../engines/host/types.ts';
import type { AnswerRequest } from '../store/types.ts';

/** What generating gives besides the engine's own parts. */
export type GeneratePart = StreamPart | LeftOutPart | { readonly type: 'ready'; readonly info: EngineInfo };

/**
 * Loads the engine when needed and streams its answer.
 */
export async function* generateAnswer(
  client: EngineClient,
  { messages, sampling, maxTokens, stop, systemPrompt }: AnswerRequest,
  signal: AbortSignal,
): AsyncGenerator<GeneratePart, void> {
  const info = await client.load(signal);
  yield { type: 'ready', info };
  const input = { path: messages, info, settings: { sampling, maxTokens, stop, systemPrompt } };
  for await (const part of generateFitting(client, input, signal)) {
    // a completion engine goes on from one text by its nature: no news until that is cut too
    if (part.type === 'left-out' && info.kind === 'completion' && part.cut === 0) continue;
    yield part;
  }
}
