import { sanitiseLine } from '../../chat/sanitise.ts';
import type { ChooseToken, TokenWatch } from '../../chat/watch.ts';
import type { StreamPart } from '../../engines/engine.ts';
import { colourDepthOf, surpriseSteps, surpriseStyle, themeOf, visibleToken } from '../../pictures/index.ts';
import type { AnswerWriter } from '../answer-writer.ts';
import type { Repl } from '../repl.ts';
import type { Span } from '../terminal/tape.ts';
import { plainTheme } from '../theme.ts';
import { LiveBars, liveCandidates } from './live-bars.ts';
import { SurpriseStyler } from './surprise-styler.ts';
import { pickerCandidates } from './token-picker.ts';

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** The most surprising tokens that are named where no colour can show them. */
const namedTokens = 5;

/** What the person wants to see of the answers while they are written: live bars, colour by surprise, each choice. */
export class Watching {
  readonly #repl: Repl;
  #live: { readonly bars: LiveBars; readonly tokensPerSecond: number } | undefined;
  #hasSurprise = false;
  #isLegendShown = false;
  #choose: ChooseToken | undefined;
  #styler: SurpriseStyler | undefined;
  #hasProbabilities = false;
  #toldWithout = '';

  constructor(repl: Repl) {
    this.#repl = repl;
  }

  get isLive(): boolean {
    return this.#live !== undefined;
  }

  get hasSurprise(): boolean {
    return this.#hasSurprise;
  }

  /** Shows the candidates at every step as bars, at most so many steps a second (0: as fast as the engine writes). */
  startLive(tokensPerSecond: number): void {
    const bars = new LiveBars(
      () => this.#repl.theme,
      (panel) => this.#repl.panel.dispatch(panel),
    );
    this.#live = { bars, tokensPerSecond };
    bars.draw();
    this.apply();
  }

  stopLive(): void {
    this.#live = undefined;
    this.#repl.panel.dispatch(undefined);
    this.apply();
  }

  setSurprise(isOn: boolean): void {
    this.#hasSurprise = isOn;
    this.apply();
    if (isOn) this.#showLegend();
  }

  /** Lets `choose` decide every token of the answers that `answer` asks for. */
  async byHand(choose: ChooseToken, answer: () => Promise<void>): Promise<void> {
    this.#choose = choose;
    this.apply();
    try {
      await answer();
    } finally {
      this.#choose = undefined;
      this.apply();
      this.#repl.panel.dispatch(undefined);
      this.#live?.bars.draw();
    }
  }

  /** Tells the session what is wanted; to be called again for another session. */
  apply(): void {
    this.#repl.session.watch(this.#wanted());
  }

  /** For the next answer; undefined when surprise is not shown. */
  styler(): SurpriseStyler | undefined {
    this.#hasProbabilities = false;
    const [theme, depth] = [themeOf(process.env), this.#depth()];
    this.#styler = this.#hasSurprise
      ? new SurpriseStyler((nll) => surpriseStyle(nll, theme, depth))
      : undefined;
    return this.#styler;
  }

  add(part: TextDelta): void {
    this.#hasProbabilities ||= part.chosen !== undefined;
    if (!this.#choose) this.#live?.bars.add(part);
  }

  endAnswer({ text }: AnswerWriter): void {
    if (this.#choose) return;
    this.#live?.bars.draw();
    if (this.#styler && this.#depth() === 'none') this.#nameSurprising(this.#styler);
    const { engineId } = this.#repl.session;
    const isMissing = this.#wanted() !== undefined && text !== '' && !this.#hasProbabilities;
    if (!isMissing || this.#toldWithout === engineId) return;
    this.#toldWithout = engineId;
    this.#repl.notice(`${engineId} does not tell how likely its tokens were.`);
  }

  #wanted(): TokenWatch | undefined {
    if (this.#choose) return { candidates: pickerCandidates, choose: this.#choose };
    if (!this.#live && !this.#hasSurprise) return undefined;
    const tokensPerSecond = this.#live?.tokensPerSecond;
    return {
      candidates: this.#live ? liveCandidates : 1,
      ...(tokensPerSecond ? { tokensPerSecond } : {}),
    };
  }

  #depth() {
    return this.#repl.theme === plainTheme ? 'none' : colourDepthOf(process.env);
  }

  /** Once a sitting. */
  #showLegend(): void {
    const depth = this.#depth();
    if (this.#isLegendShown) return;
    this.#isLegendShown = true;
    if (depth === 'none') {
      this.#repl.notice('There are no colours here: the most surprising tokens are named below each answer.');
      return;
    }
    const { dim } = this.#repl.theme;
    const spans: Span[] = [{ text: 'Surprise in nats: ', style: dim }];
    for (const nats of surpriseSteps)
      spans.push({ text: ` ${nats} `, style: surpriseStyle(nats, themeOf(process.env), depth) });
    spans.push({ text: ' or more (negative log likelihood)\n', style: dim });
    this.#repl.write(spans);
  }

  #nameSurprising({ tokens }: SurpriseStyler): void {
    const most = tokens.toSorted((a, b) => b.nll - a.nll).slice(0, namedTokens);
    if (most.length === 0) return;
    const mean = tokens.reduce((sum, { nll }) => sum + nll, 0) / tokens.length;
    const named = most.map(({ text, nll }) => `${sanitiseLine(visibleToken(text))} ${nll.toFixed(1)}`);
    this.#repl.notice(`Surprise in nats: ${mean.toFixed(2)} a token; most ${named.join(', ')}.`);
  }
}
