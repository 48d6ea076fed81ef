import type { PanelRoom } from '../panel.ts';
import { truncate } from '../terminal/cells.ts';
import type { Span } from '../terminal/tape.ts';
import { paint, type Theme } from '../theme.ts';
import type { Layout } from './layout.ts';

interface Entry {
  readonly title: string;
  text: string;
  status: string;
  footer: string | undefined;
  hasFailed: boolean;
}

/**
 * Answers one below the other. The first that is not whole streams into the transcript; the panel says how far
 * the others are.
 */
export class Stacked implements Layout {
  readonly #theme: Theme;
  readonly #entries: readonly Entry[];
  #current = 0;
  #hasTitle = false;
  #endsLine = true;

  constructor(titles: readonly string[], theme: Theme) {
    this.#theme = theme;
    this.#entries = titles.map((title) => ({
      title,
      text: '',
      status: '',
      footer: undefined,
      hasFailed: false,
    }));
  }

  add(index: number, text: string): void {
    this.#entries[index]!.text += text;
  }

  end(index: number, footer: string): void {
    this.#entries[index]!.footer = footer;
  }

  fail(index: number, message: string): void {
    this.#entries[index]!.hasFailed = true;
    this.add(index, message);
    this.end(index, '');
  }

  setStatus(index: number, status: string): void {
    this.#entries[index]!.status = status;
  }

  takeFinal(): Span[] {
    const spans: Span[] = [];
    for (let entry = this.#entries[this.#current]; entry; entry = this.#entries[this.#current]) {
      if (!this.#hasTitle) spans.push({ text: `${entry.title}\n`, style: this.#theme.strong });
      this.#hasTitle = true;
      if (entry.text !== '') this.#endsLine = entry.text.endsWith('\n');
      spans.push({ text: entry.text, style: entry.hasFailed ? this.#theme.error : '' });
      entry.text = '';
      if (entry.footer === undefined) break;
      if (!this.#endsLine) spans.push({ text: '\n', style: '' });
      if (entry.footer !== '') spans.push({ text: `${entry.footer}\n`, style: this.#theme.dim });
      this.#current += 1;
      this.#hasTitle = false;
      this.#endsLine = true;
      if (this.#current < this.#entries.length) spans.push({ text: '\n', style: '' });
    }
    return spans.filter(({ text }) => text !== '');
  }

  rows({ columns }: PanelRoom): string[] {
    const status = this.#entries
      .filter((_, index) => index >= this.#current)
      .map(({ title, status, footer }) => `${title}: ${footer === undefined ? status : 'done'}`)
      .join(' · ');
    return [paint(this.#theme, 'dim', truncate(status, columns - 1))];
  }
}
