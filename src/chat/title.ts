import { sanitiseLine } from './sanitise.ts';
import type { StoredMessage } from './types.ts';

const longest = 60;

/** The first words of the first message; of the first answer where the person only pressed Enter. */
export function titleOf(messages: readonly StoredMessage[]): string {
  const hasWords = ({ content }: StoredMessage) => content.trim() !== '';
  const first =
    messages.find((message) => message.role === 'user' && hasWords(message)) ??
    messages.find((message) => message.role === 'assistant' && hasWords(message));
  return titleFrom(first?.content ?? '');
}

/** The first words of a text as a title. */
export function titleFrom(text: string): string {
  const line = sanitiseLine(text.slice(0, 500));
  if (line === '') return 'Untitled';
  if (line.length <= longest) return line;
  const cut = line.slice(0, longest - 1);
  const lastSpace = cut.lastIndexOf(' ');
  return `${(lastSpace > longest / 2 ? cut.slice(0, lastSpace) : cut).replace(/[\ud800-\udbff]$/, '')}…`;
}
