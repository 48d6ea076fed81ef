import type { StreamPart, TokenProbability } from '../../engines/engine.ts';
import { formatPercent } from '../../pictures/index.ts';
import type { Panel, PanelRoom } from '../panel.ts';
import { truncate } from '../terminal/cells.ts';
import { paint, type Theme } from '../theme.ts';
import { barLines, tokenLabel } from './bars.ts';

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** Candidates that are asked for and shown. */
export const liveCandidates = 6;
/** Steps that come faster than this are not all drawn. */
const intervalMs = 60;

/** The candidates at the last step of the answer under way, as bars above the editor. */
export class LiveBars {
  readonly #theme: () => Theme;
  readonly #show: (panel: Panel) => void;
  #chosen: TokenProbability | undefined;
  #candidates: readonly TokenProbability[] = [];
  #shownAt = 0;

  constructor(theme: () => Theme, show: (panel: Panel) => void) {
    this.#theme = theme;
    this.#show = show;
  }

  /** Takes what the engine told of a token; draws it unless one was drawn just now. */
  add({ chosen, candidates }: TextDelta): void {
    if (!chosen?.length || !candidates?.length) return;
    this.#chosen = chosen.at(-1);
    this.#candidates = candidates.at(-1)!.slice(0, liveCandidates);
    if (performance.now() - this.#shownAt >= intervalMs) this.draw();
  }

  /** Draws what came last. */
  draw(): void {
    this.#shownAt = performance.now();
    const [chosen, candidates] = [this.#chosen, this.#candidates];
    this.#show({ rows: (room) => this.#rows(chosen, candidates, room) });
  }

  #rows(
    chosen: TokenProbability | undefined,
    candidates: readonly TokenProbability[],
    { columns, most }: PanelRoom,
  ): string[] {
    const height = Math.min(most, liveCandidates + 1);
    if (height < 2) return [];
    const title = chosen
      ? `drawn: ${tokenLabel(chosen)}, ${formatPercent(chosen.probability)}`
      : 'What may come next, at every step of an answer. /probs live ends it.';
    const bars = candidates
      .slice(0, height - 1)
      .map((token) => ({ token, mark: isSame(token, chosen) ? '›' : ' ', isChosen: isSame(token, chosen) }));
    const lines = [
      paint(this.#theme(), 'dim', truncate(title, columns - 1)),
      ...barLines(bars, columns - 1, this.#theme()),
    ];
    return [...lines, ...Array<string>(height - lines.length).fill('')];
  }
}

function isSame(a: TokenProbability, b: TokenProbability | undefined): boolean {
  return a.tokenId === b?.tokenId && a.text === b.text;
}
