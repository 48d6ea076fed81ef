import type { StreamPart, TokenProbability } from '../../engines/engine.ts';
import type { AnswerStyler } from '../answer-writer.ts';
import { addSpan, type Span } from '../terminal/tape.ts';

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** A token that was drawn, with its negative log likelihood in nats. */
export interface SurprisingToken {
  readonly text: string;
  readonly nll: number;
}

/**
 * Colours an answer by how unlikely the model found each token, as it comes. The text may come later than its
 * tokens (a stop string may begin with it) and cleaned: characters that are not in the text are passed over.
 */
export class SurpriseStyler implements AnswerStyler {
  /** Every token so far. */
  readonly tokens: SurprisingToken[] = [];
  readonly #styleOf: (nll: number) => string;
  /** Characters of tokens whose text has not come yet. */
  #ahead: { readonly character: string; readonly nll: number }[] = [];
  #last = 0;

  constructor(styleOf: (nll: number) => string) {
    this.#styleOf = styleOf;
  }

  push(text: string, { chosen = [] }: Pick<TextDelta, 'chosen'>): Span[] {
    for (const token of chosen) this.#take(token);
    const spans: Span[] = [];
    for (const character of text) addSpan(spans, this.#span(character));
    return spans;
  }

  flush(): Span[] {
    return [];
  }

  #take({ text, probability }: TokenProbability): void {
    const nll = 0 - Math.log(probability);
    this.tokens.push({ text, nll });
    for (const character of text) this.#ahead.push({ character, nll });
  }

  #span(character: string): Span {
    const at = this.#ahead.findIndex((ahead) => ahead.character === character);
    if (at >= 0) {
      this.#last = this.#ahead[at]!.nll;
      this.#ahead = this.#ahead.slice(at + 1);
    }
    // A line end in colour would colour the rest of its row.
    return { text: character, style: character === '\n' ? '' : this.#styleOf(this.#last) };
  }
}
