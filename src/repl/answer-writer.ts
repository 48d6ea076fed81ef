import type { Usage } from '../engines/engine.ts';
import type { MarkdownStyler } from './markdown.ts';
import type { Span } from './terminal/tape.ts';

/** The figures in the status line change at most this often while an answer streams. */
const progressMs = 300;

/** What has come of an answer so far. */
export class AnswerWriter {
  text = '';
  tokens = 0;
  reason: string | undefined;
  usage: Usage | undefined;
  /** What was told meanwhile. */
  readonly notices: Span[] = [];
  readonly #write: (spans: readonly Span[]) => void;
  readonly #styler: MarkdownStyler | undefined;
  readonly #startedAt = performance.now();
  #firstAt: number | undefined;
  #progressAt = performance.now();

  constructor(write: (spans: readonly Span[]) => void, styler: MarkdownStyler | undefined) {
    this.#write = write;
    this.#styler = styler;
  }

  get elapsedMs(): number {
    return performance.now() - (this.#firstAt ?? this.#startedAt);
  }

  add(text: string, tokens: number): void {
    this.#firstAt ??= performance.now();
    this.text += text;
    this.tokens += tokens;
    this.#write(this.#styler ? this.#styler.push(text) : [{ text, style: '' }]);
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
