import type { EngineInfo, GenerateRequest, Message } from '../../engines/engine.ts';
import type { AnswerRequest } from '../store/store.ts';

/**
 * Turns what was asked into what an engine takes. A chat engine gets the conversation; a completion engine the
 * last question, and what has been written after it when the answer is to go on.
 */
export function toGenerateRequest(
  info: EngineInfo,
  request: AnswerRequest,
  signal: AbortSignal,
): GenerateRequest {
  const shared = { maxTokens: request.maxTokens, sampling: request.sampling, stop: request.stop, signal };
  if (info.kind === 'chat') {
    const system: Message[] =
      request.systemPrompt === '' ? [] : [{ role: 'system', content: request.systemPrompt }];
    return { ...shared, messages: [...system, ...request.messages] };
  }
  return { ...shared, prompt: completionPrompt(request.messages) };
}

/** The text that a completion engine goes on from. */
export function completionPrompt(messages: readonly Message[]): string {
  const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
  return messages
    .slice(Math.max(0, lastQuestion))
    .map(({ content }) => content)
    .join('');
}
