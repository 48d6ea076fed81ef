import { foldAttachments } from '../chat/attachments.ts';
import type { StoredMessage } from '../chat/types.ts';
import type { AppError } from '../errors.ts';
import { MarkdownStyler } from './markdown.ts';
import type { Span } from './terminal/tape.ts';
import type { Theme } from './theme.ts';

/** The transcript's look: what stands above the editor and stays in the scroll-back. */

export type EngineKind = 'completion' | 'chat';

/** A pasted message longer than this is shown by its first lines. */
const shownLines = 20;

const mark = '› ';

/** The person's message. A chat's answer begins on the next line; a continuation goes on behind the text. */
export function personSpans(theme: Theme, text: string, kind: EngineKind): Span[] {
  const lines = foldAttachments(text).split('\n');
  const shown = lines.length > shownLines ? lines.slice(0, shownLines / 2) : lines;
  const spans: Span[] = [
    { text: mark, style: theme.mark },
    { text: shown.join('\n  '), style: theme.person },
  ];
  if (shown.length < lines.length) {
    const more = lines.length - shown.length;
    spans.push({ text: `\n  … ${more.toLocaleString('en')} more lines\n`, style: theme.dim });
  } else if (kind === 'chat') spans.push({ text: '\n', style: '' });
  return spans;
}

/** What follows an answer: a blank line, but after a short continuation only a line end. */
export function answerEnd(answer: string, kind: EngineKind): Span {
  const short = kind === 'completion' && !answer.includes('\n');
  return { text: answer.endsWith('\n') ? '\n' : short ? '\n' : '\n\n', style: '' };
}

/** A whole conversation, as it looked when it was held. */
export function conversationSpans(
  theme: Theme,
  messages: readonly StoredMessage[],
  raw: boolean,
  kindOf: (message: StoredMessage) => EngineKind,
): Span[] {
  const spans: Span[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'user') {
      const answer = messages[index + 1];
      spans.push(...personSpans(theme, message.content, answer ? kindOf(answer) : 'chat'));
      if (!answer) spans.push({ text: '\n', style: '' });
    } else if (message.role === 'assistant') {
      const kind = kindOf(message);
      if (raw || kind === 'completion') spans.push({ text: message.content, style: '' });
      else {
        const styler = new MarkdownStyler(theme);
        spans.push(...styler.push(message.content), ...styler.flush());
      }
      spans.push(answerEnd(message.content, kind));
    }
  }
  return spans;
}

/** A whole conversation with the name of each speaker before what they said. */
export function spokenConversation(messages: readonly StoredMessage[]): Span[] {
  return messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, content, engineId }) => ({
      text: `${role === 'user' ? 'you' : (engineId ?? 'the engine')}: ${foldAttachments(content)}\n`,
      style: '',
    }));
}

export function noticeSpans(theme: Theme, text: string): Span[] {
  return [{ text: `${text}\n`, style: theme.dim }];
}

export function warningSpans(theme: Theme, text: string): Span[] {
  return [{ text: `! ${text}\n`, style: theme.warning }];
}

export function errorSpans(theme: Theme, error: AppError): Span[] {
  const spans: Span[] = [{ text: `✗ ${error.message}\n`, style: theme.error }];
  if (error.hint) spans.push({ text: `${error.hint}\n`, style: theme.dim });
  return spans;
}
