import type { Message } from '../engines/engine.ts';
import type { StoredAnswer } from './store/types.ts';

/** A conversation carries at most this much of its past, in characters, and always the newest message. */
const mostCharacters = 24_000;

/** The conversation after an answer: what was asked, and the answer. */
export function conversationAfter(answer: StoredAnswer): Message[] {
  const { messages } = answer.request;
  if (answer.text === '') return [...messages];
  // an answer that was gone on with holds its first part as the last message already
  return messages.at(-1)?.role === 'assistant'
    ? [...messages.slice(0, -1), { role: 'assistant', content: messages.at(-1)!.content + answer.text }]
    : [...messages, { role: 'assistant', content: answer.text }];
}

/** The text that a completion engine goes on from: the last question, and what has been written after it. */
export function completionPrompt(messages: readonly Message[]): string {
  const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
  return messages
    .slice(Math.max(0, lastQuestion))
    .map(({ content }) => content)
    .join('');
}

/** Adds a person's next words and drops the oldest messages beyond the limit. */
export function conversationWith(past: readonly Message[], text: string): Message[] {
  const all: Message[] = [...past, { role: 'user', content: text }];
  let size = 0;
  const first = all.findLastIndex(({ content }, index) => {
    size += content.length;
    return index < all.length - 1 && size > mostCharacters;
  });
  return all.slice(first + 1);
}
