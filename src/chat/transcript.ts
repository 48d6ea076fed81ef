/** A conversation as a file: plain text, Markdown, or JSON. transcript-import.ts reads the last two back. */
import { sanitise, sanitiseLine } from './sanitise.ts';
import { MessageTree } from './tree.ts';
import type { Conversation, StoredMessage } from './types.ts';

export type TranscriptFormat = 'text' | 'markdown' | 'json';

/** Version of the JSON form; a change that an older reader cannot take raises it. */
export const jsonVersion = 1;

/** Text and Markdown hold the branch that is shown; JSON holds all branches, settings and figures. */
export function exportConversation(conversation: Conversation, format: TranscriptFormat): string {
  switch (format) {
    case 'text':
      return shown(conversation)
        .map((message) => `${speaker(message)}: ${sanitise(message.content)}\n`)
        .join('\n');
    case 'markdown':
      return toMarkdown(conversation);
    case 'json':
      return `${JSON.stringify({ babble: jsonVersion, ...conversation }, undefined, 2)}\n`;
    default:
      return format satisfies never;
  }
}

function toMarkdown(conversation: Conversation): string {
  const { title, createdAt } = conversation.summary;
  const sections = shown(conversation).map(
    (message) => `**${speaker(message)}**\n\n${quoteSpeakers(sanitise(message.content))}\n`,
  );
  return [`# ${sanitiseLine(title)}\n`, `*${createdAt}*\n`, ...sections].join('\n');
}

/** A line of a message that looks like a speaker's gets a backslash, so that the file reads back as it was. */
function quoteSpeakers(text: string): string {
  return text.replaceAll(/^(?=\\*\*\*.+\*\*$)/gm, '\\');
}

function shown({ messages, head }: Conversation): readonly StoredMessage[] {
  return new MessageTree(messages).path(head);
}

function speaker({ role, engineId, modelId }: StoredMessage): string {
  if (role === 'user') return 'You';
  if (role === 'system') return 'System';
  return sanitiseLine([...new Set([engineId, modelId])].filter(Boolean).join(' ')) || 'Assistant';
}
