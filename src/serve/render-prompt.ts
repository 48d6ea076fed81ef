import type { EngineInfo, GenerateRequest, Message } from '../engines/engine.ts';

/**
 * A conversation as an engine takes it. A completion engine knows no roles: it goes on from the last
 * thing the person said, which for the toy models is all that fits anyway.
 */
export function renderPrompt(
  info: EngineInfo,
  messages: readonly Message[],
): Pick<GenerateRequest, 'messages' | 'prompt'> {
  if (info.kind === 'chat') return { messages };
  return { prompt: messages.findLast(({ role }) => role === 'user')?.content ?? '' };
}
