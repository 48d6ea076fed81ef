import type { StreamPart, Usage } from '../engines/engine.ts';
import type { Span } from './terminal/tape.ts';

/** The figures in the status line change at most this often while an answer streams. */
const progressMs = 300;

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** Gives an answer's text its looks, as it comes. */
export interface AnswerStyler {
  push(text: string, part: TextDelta): readonly Span[];
  /** What was held back. */
  flush(): readonly Span[];
}

/** What has come of an answer so far. */
export class AnswerWriter {
  text = '';
  tokens = 0;
  reason: string | undefined;
  usage: Usage | undefined;
  /** What was told meanwhile. */
  readonly notices: Span[] = [];
  readonly #write: (spans: readonly Span[]) => void;
  readonly #styler: AnswerStyler | undefined;
  readonly #startedAt = performance.now();
  #firstAt: number | undefined;
  #progressAt = performance.now();

  constructor(write: (spans: readonly Span[]) => void, styler: AnswerStyler | undefined) {
    this.#write = write;
    this.#styler = styler;
  }

  get elapsedMs(): number {
    return performance.now() - (this.#firstAt ?? this.#startedAt);
  }

  add(part: TextDelta): void {
    const { text, tokenIds } = part;
    this.#firstAt ??= performance.now();
    this.text += text;
    this.tokens += tokenIds.length;
    this.#write(this.#styler ? this.#styler.push(text, part) : [{ text, style: '' }]);
  }

  /** Writes what the styler held back. */
  flush(): void {
    if (this.#styler) this.#write(this.#styler.flush());
  }

  takeNotices(): Span[] {
    return this.notices.splice(0);
  }

  isProgressDue(): boolean {
    const now = performance.now();
    if (now - this.#progressAt < progressMs) return false;
    this.#progressAt = now;
    return true;
  }
}
