import type { Span } from './terminal/tape.ts';
import type { Theme } from './theme.ts';

/** What a sitting begins with: where one is, and how to go on. */
export function welcomeSpans(theme: Theme, engineId: string, isFirst: boolean): Span[] {
  const spans: Span[] = [
    { text: 'babble', style: theme.person },
    { text: ` with ${engineId}. /engine switches, /help shows more.\n`, style: theme.dim },
  ];
  if (isFirst) {
    spans.push({
      text: 'Write the beginning of a text and press Enter; the model goes on from it. Enter alone starts from nothing. All runs on this machine.\n',
      style: theme.dim,
    });
  }
  spans.push({ text: '\n', style: '' });
  return spans;
}
