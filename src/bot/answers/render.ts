import { escapeMarkdown } from 'discord.js';
import { sanitiseForDiscord } from '../text/sanitise-discord.ts';
import { messageLimit, splitMessage } from '../text/split.ts';
import { type AnswerAction, buttonRow } from './buttons.ts';
import type { Payload } from './place.ts';

/** An answer takes at most this many messages; what is longer comes as a file. */
export const mostMessages = 5;

/** Room kept in each message for the footer and for what making links visible adds. */
const footerRoom = 200;

export interface AnswerView {
  readonly answerId: string;
  /** What was asked, shown above the answer; absent where the question stands right above it. */
  readonly question?: string;
  /** A completion engine's text goes on from the question in the same line. */
  readonly kind: 'completion' | 'chat';
  /** Raw text of the model so far. */
  readonly text: string;
  /** One line under the text: progress while it runs, then engine, tokens, speed. */
  readonly footer: string;
  readonly actions: readonly AnswerAction[];
  readonly finished: boolean;
}

/**
 * The messages that show an answer: split outside code fences, the buttons and the footer under the last one,
 * and a file with the whole text where it would take more than five messages.
 */
export function renderAnswer(view: AnswerView): Payload[] {
  const body = bodyOf(view);
  const room = messageLimit - Math.max(footerRoom, view.footer.length + 100);
  // a cut may have taken away what made a link harmless (a code mark before it, say): each message is clean by itself
  const pieces = splitMessage(body, room).map(sanitiseForDiscord);
  const tooLong = pieces.length > mostMessages;
  const shown = pieces.slice(0, mostMessages);
  if (shown.length === 0) shown.push('');
  return shown.map((piece, position): Payload => {
    if (position < shown.length - 1) return { content: piece, components: [] };
    const note = tooLong
      ? view.finished
        ? 'The whole answer is in the file. '
        : 'The rest comes as a file. '
      : '';
    const footer = `-# ${note}${view.footer}`;
    return {
      content: piece === '' ? footer : `${piece}\n${footer}`,
      components: buttonRow(view.answerId, view.actions),
      ...(tooLong && view.finished
        ? {
            files: [
              {
                name: 'answer.md',
                data: Buffer.from(sanitiseForDiscord(view.text)),
                description: 'The whole answer',
              },
            ],
          }
        : {}),
    };
  });
}

/** While it is written an answer shows whole words; a very long "word" (a script without spaces) as it comes. */
function wholeWords(text: string): string {
  return text.replace(/(?<=\S\s+)\S{1,24}$/, '').trimEnd();
}

function bodyOf(view: AnswerView): string {
  const text = sanitiseForDiscord(view.finished ? view.text : wholeWords(view.text));
  const question = view.question === undefined ? '' : sanitiseForDiscord(view.question);
  if (question === '') return text;
  if (view.kind === 'completion') return `**${escapeMarkdown(shorten(question, 500))}**${text}`;
  const quoted = shorten(question.replace(/\s+/g, ' '), 200);
  return `> ${escapeMarkdown(quoted)}\n${text}`;
}

function shorten(text: string, most: number): string {
  const points = [...text];
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`;
}

/** `mlp · 12 tokens · 340 tokens/s` */
export function describeUsage(
  engine: string,
  usage: { tokens: number; tokensPerSecond: number },
  ending = '',
): string {
  const speed = usage.tokensPerSecond > 0 ? ` · ${formatSpeed(usage.tokensPerSecond)} tokens/s` : '';
  return `${engine} · ${usage.tokens} token${usage.tokens === 1 ? '' : 's'}${speed}${ending}`;
}

function formatSpeed(speed: number): string {
  return speed >= 10 ? String(Math.round(speed)) : speed.toFixed(2);
}
