/** Several engines answer the same message on the screen at once. */
import { sanitise, sanitiseLine } from '../../chat/sanitise.ts';
import type { ChatPart, ComparePart, EngineAddress, StoredMessage } from '../../chat/types.ts';
import type { AppError } from '../../errors.ts';
import type { Screen } from '../commands/command.ts';
import { rate } from '../numbers.ts';
import type { PanelRoom } from '../panel.ts';
import type { Repl } from '../repl.ts';
import type { Layout } from './layout.ts';
import { columnWidth, SideBySide } from './side-by-side.ts';
import { Stacked } from './stacked.ts';

/** The panel is drawn at most this often. */
const panelMs = 80;

type Finish = Extract<ChatPart, { type: 'finish' }>;

export interface ComparisonOptions {
  /** Absent: the last message is asked again. */
  readonly text?: string;
  readonly engines: readonly Required<EngineAddress>[];
  /** What the columns are called. */
  readonly titles: readonly string[];
  /** Figures would give a hidden engine away. */
  readonly hideFigures?: boolean;
}

/** Asks, shows, and gives the answers in the engines' order; undefined for an engine that gave none. */
export async function compare(
  repl: Repl,
  screen: Screen,
  options: ComparisonOptions,
): Promise<(StoredMessage | undefined)[]> {
  const view = new ComparisonView(repl, screen, options);
  const answers: (StoredMessage | undefined)[] = options.engines.map(() => undefined);
  try {
    await repl.occupy(async (signal) => {
      for await (const { index, part } of repl.session.compare(options.text, options.engines, signal)) {
        if (part.type === 'answer') answers[index] = part.message;
        view.take(index, part);
      }
    });
  } finally {
    view.close();
  }
  return answers;
}

class ComparisonView {
  readonly #repl: Repl;
  readonly #screen: Screen;
  readonly #options: ComparisonOptions;
  readonly #finish: (Finish | undefined)[];
  readonly #tokens: number[];
  readonly #firstAt: (number | undefined)[];
  readonly #notices: string[] = [];
  #layout: Layout;
  #timer: NodeJS.Timeout | undefined;

  constructor(repl: Repl, screen: Screen, options: ComparisonOptions) {
    this.#repl = repl;
    this.#screen = screen;
    this.#options = options;
    const { titles } = options;
    this.#finish = titles.map(() => undefined);
    this.#tokens = titles.map(() => 0);
    this.#firstAt = titles.map(() => undefined);
    const width = !screen.hasPanel ? undefined : columnWidth(screen.columns, titles.length);
    this.#layout =
      width === undefined ? new Stacked(titles, repl.theme) : new SideBySide(titles, repl.theme, width);
    for (const index of titles.keys()) this.#layout.setStatus(index, 'loading');
    this.#draw();
  }

  take(index: number, part: ComparePart['part']): void {
    switch (part.type) {
      case 'text-delta':
        this.#firstAt[index] ??= performance.now();
        this.#tokens[index]! += part.tokenIds.length;
        this.#layout.add(index, part.text.replaceAll('\t', '    '));
        this.#layout.setStatus(index, this.#progress(index));
        break;
      case 'finish':
        this.#finish[index] = part;
        if (part.reason === 'abort' && this.#tokens[index] === 0) this.#layout.end(index, 'stopped');
        break;
      case 'notice':
        this.#notices.push(part.text);
        break;
      case 'engine-event':
        if (part.event.type === 'load-progress')
          this.#layout.setStatus(index, sanitiseLine(part.event.progress.message));
        break;
      case 'answer':
        this.#layout.end(index, this.#footer(index));
        break;
      case 'failed':
        this.#layout.fail(index, describe(part.error));
        break;
      default:
        part satisfies never;
    }
    this.#timer ??= setTimeout(() => this.#draw(), panelMs);
  }

  /** Everything is said: what is left leaves for the transcript, and the panel goes. */
  close(): void {
    this.#draw();
    clearTimeout(this.#timer);
    this.#repl.panel.dispatch(undefined);
    this.#repl.write([{ text: '\n', style: '' }]);
    if (!this.#options.hideFigures) for (const text of this.#notices) this.#repl.notice(text);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#fit();
    const final = this.#layout.takeFinal();
    if (final.length > 0) this.#repl.writeAnswer(final);
    let drawn: { readonly room: PanelRoom; readonly rows: readonly string[] } | undefined;
    this.#repl.panel.dispatch({
      // Drawn again for something else, it must not show what is not in the transcript yet: it would jump.
      rows: (room) => {
        if (drawn?.room.columns !== room.columns || drawn.room.most !== room.most) {
          this.#fit();
          drawn = { room, rows: this.#layout.rows(room) };
        }
        return drawn.rows;
      },
    });
  }

  /** The window may have another width now. Columns that no longer fit go on one below the other. */
  #fit(): void {
    const layout = this.#layout;
    if (!(layout instanceof SideBySide)) return;
    const { titles } = this.#options;
    const width = columnWidth(this.#screen.columns, titles.length);
    if (width !== undefined) {
      layout.resize(width);
      return;
    }
    const stacked = new Stacked(titles, this.#repl.theme);
    for (const [index, { text, footer, hasFailed }] of layout.takeRest().entries()) {
      if (hasFailed) stacked.fail(index, text);
      else stacked.add(index, text);
      if (footer !== undefined) stacked.end(index, footer);
    }
    this.#layout = stacked;
  }

  #progress(index: number): string {
    if (this.#options.hideFigures) return 'writing';
    const ms = performance.now() - this.#firstAt[index]!;
    const tokens = this.#tokens[index]!;
    return tokens > 1 && ms > 0 ? `${rate(((tokens - 1) * 1000) / ms)} tok/s` : 'writing';
  }

  #footer(index: number): string {
    const finish = this.#finish[index];
    const ending =
      finish === undefined
        ? 'cut off'
        : { stop: '', abort: 'stopped', length: 'cut at its length', context: 'context full' }[finish.reason];
    const { generatedTokens = 0, tokensPerSecond = 0 } = finish?.usage ?? {};
    const count = `${generatedTokens} ${generatedTokens === 1 ? 'token' : 'tokens'}`;
    const figures = [count, tokensPerSecond > 0 ? `${rate(tokensPerSecond)}/s` : ''];
    return [ending, ...(this.#options.hideFigures ? [] : figures)].filter(Boolean).join(' · ');
  }
}

function describe({ message, hint }: AppError): string {
  return sanitise(hint === undefined ? `✗ ${message}` : `✗ ${message} ${hint}`);
}
