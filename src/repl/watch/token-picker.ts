import type { ChooseToken, TokenChoice } from '../../chat/watch.ts';
import type { TokenProbability } from '../../engines/engine.ts';
import { visibleRange } from '../menu/reducer.ts';
import type { Panel, PanelRoom } from '../panel.ts';
import type { KeyEvent } from '../terminal/keys.ts';
import { paint, type Theme } from '../theme.ts';
import { barLines } from './bars.ts';

/** So many are offered: every character of the toy models, the likeliest words of the others. */
export const pickerCandidates = 100;
export const pickerHint = '↑↓ 1–9 or type · Enter takes · Tab draws · Esc leaves';

const shownRows = 9;
const moves: Readonly<Record<string, number>> = { up: -1, down: 1, pageup: -shownRows, pagedown: shownRows };

interface Pending {
  readonly candidates: readonly TokenProbability[];
  readonly answer: (choice: TokenChoice) => void;
}

/** Lets the person choose every token of an answer: arrows, a number or the token itself, then Enter. */
export class TokenPicker {
  readonly #theme: () => Theme;
  readonly #show: (panel: Panel) => void;
  readonly #stop: () => void;
  #pending: Pending | undefined;
  #selected = 0;
  #typed = '';
  /** Keys that came while the model was still thinking. */
  #held: KeyEvent[] = [];

  /** @param stop ends the answer when the person leaves before there is anything to choose. */
  constructor(theme: () => Theme, show: (panel: Panel) => void, stop: () => void) {
    this.#theme = theme;
    this.#show = show;
    this.#stop = stop;
  }

  /** Takes the keys from now on: the first candidates may take a while. */
  open(): void {
    this.#draw([]);
  }

  readonly choose: ChooseToken = (candidates, signal) =>
    new Promise((resolve) => {
      const leave = () => this.#answer({ type: 'leave' });
      this.#pending = {
        candidates,
        answer: (choice) => {
          signal.removeEventListener('abort', leave);
          resolve(choice);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#selected = 0;
      this.#typed = '';
      if (signal.aborted) leave();
      const held = this.#held;
      this.#held = [];
      for (const key of held) this.#onKey(key);
      this.#draw(candidates);
    });

  #draw(candidates: readonly TokenProbability[]): void {
    const selected = this.#selected;
    this.#show({
      rows: (room) => this.#rows(candidates, selected, room),
      onKey: (event) => this.#onKey(event),
    });
  }

  #rows(candidates: readonly TokenProbability[], selected: number, { columns, most }: PanelRoom): string[] {
    const height = Math.max(2, Math.min(most, shownRows + 1));
    const { from, to } = visibleRange(candidates.length, selected, height - 1);
    const bars = candidates.slice(from, to).map((token, index) => {
      const rank = from + index;
      const number = rank < 9 ? rank + 1 : ' ';
      return { token, mark: `${rank === selected ? '›' : ' '} ${number}`, isChosen: rank === selected };
    });
    const lines = [
      ...barLines(bars, columns - 1, this.#theme()),
      paint(this.#theme(), 'dim', describeRange(from, to, candidates.length)),
    ];
    return [...lines, ...Array<string>(Math.max(0, height - lines.length)).fill('')];
  }

  #onKey(event: KeyEvent): void {
    const isLeaving =
      event.type === 'key' && (event.name === 'escape' || (event.ctrl && /^[cd]$/.test(event.name)));
    if (!this.#pending) {
      if (isLeaving) this.#stop();
      else this.#held.push(event);
      return;
    }
    if (event.type === 'text') {
      for (const character of event.text) this.#type(character);
      return;
    }
    if (event.type === 'paste') return;
    const by = moves[event.name];
    if (by !== undefined) this.#move(by);
    else if (event.name === 'enter')
      this.#answer({ type: 'take', token: this.#pending.candidates[this.#selected]! });
    else if (event.name === 'tab') this.#answer({ type: 'draw' });
    else if (isLeaving) this.#answer({ type: 'leave' });
  }

  #answer(choice: TokenChoice): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.answer(choice);
  }

  #move(by: number): void {
    const { candidates } = this.#pending!;
    this.#typed = '';
    this.#select(Math.max(0, Math.min(candidates.length - 1, this.#selected + by)));
  }

  /** A number selects by rank; anything else the token that begins with what was typed. */
  #type(character: string): void {
    const { candidates } = this.#pending!;
    if (/[1-9]/.test(character)) {
      this.#typed = '';
      if (Number(character) <= candidates.length) this.#select(Number(character) - 1);
      return;
    }
    for (const typed of [this.#typed + character, character]) {
      const found = findToken(candidates, typed);
      if (found < 0) continue;
      this.#typed = typed;
      this.#select(found);
      return;
    }
  }

  #select(index: number): void {
    this.#selected = index;
    this.#draw(this.#pending!.candidates);
  }
}

function describeRange(from: number, to: number, count: number): string {
  if (count === 0) return 'What may come next? The model is at it.';
  return count > to - from ? `… ${from + 1}–${to} of ${count}` : '';
}

/** The token itself; else the likeliest that begins so, whatever its case and the space before it. */
function findToken(candidates: readonly TokenProbability[], typed: string): number {
  const kept = candidates.map(({ text, ends }) => (ends ? '' : text));
  const exact = kept.indexOf(typed);
  if (exact >= 0) return exact;
  const lower = typed.trimStart().toLowerCase();
  return lower === '' ? -1 : kept.findIndex((text) => text.trimStart().toLowerCase().startsWith(lower));
}
