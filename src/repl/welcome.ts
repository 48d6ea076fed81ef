import { wrapWords } from './terminal/cells.ts';
import type { Span } from './terminal/tape.ts';
import type { Theme } from './theme.ts';
import type { EngineKind } from './transcript.ts';

const firstHints: Readonly<Record<EngineKind, string>> = {
  completion:
    'Write the beginning of a text and press Enter; the model goes on from it. Enter alone starts from nothing.',
  chat: 'Write a message and press Enter. Esc stops an answer.',
};

const firstWays =
  'Then try /compare, which asks several engines at once, /probs, which shows what may come next, or /tour.';

/** How to begin, for ears: without the keys that only the screen has. */
export function spokenHint(kind: EngineKind): string {
  return kind === 'chat'
    ? 'Write a message and press Enter. Control C stops an answer.'
    : firstHints.completion;
}

/**
 * What a sitting begins with: where one is, and how to go on.
 * @param firstFor on a first sitting, the kind of the engine, to say how to begin.
 */
export function welcomeSpans(
  theme: Theme,
  engineId: string,
  firstFor: EngineKind | undefined,
  columns: number,
): Span[] {
  const name = 'babble';
  const greeting = wrapWords(`${name} with ${engineId}. /engine switches, /help shows more.`, columns - 1);
  const spans: Span[] = [
    { text: name, style: theme.person },
    { text: `${greeting.slice(name.length)}\n`, style: theme.dim },
  ];
  if (firstFor) {
    const hint = `${firstHints[firstFor]} ${firstWays} Everything runs on this machine. (\`babble config set hints false\` ends these hints.)`;
    spans.push({ text: `${wrapWords(hint, columns - 1)}\n`, style: theme.dim });
  }
  spans.push({ text: '\n', style: '' });
  return spans;
}
