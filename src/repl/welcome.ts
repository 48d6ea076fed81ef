import { wrapWords } from './terminal/cells.ts';
import type { Span } from './terminal/tape.ts';
import type { Theme } from './theme.ts';

const firstHint =
  'Write the beginning of a text and press Enter; the model goes on from it. Enter alone starts from nothing. All runs on this machine.';

/** What a sitting begins with: where one is, and how to go on. */
export function welcomeSpans(theme: Theme, engineId: string, isFirst: boolean, columns: number): Span[] {
  const name = 'babble';
  const greeting = wrapWords(`${name} with ${engineId}. /engine switches, /help shows more.`, columns - 1);
  const spans: Span[] = [
    { text: name, style: theme.person },
    { text: `${greeting.slice(name.length)}\n`, style: theme.dim },
  ];
  if (isFirst) spans.push({ text: `${wrapWords(firstHint, columns - 1)}\n`, style: theme.dim });
  spans.push({ text: '\n', style: '' });
  return spans;
}
