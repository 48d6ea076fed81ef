import { sanitise } from '../chat/sanitise.ts';
import type { ChatPart, ChatSession, StoredMessage, TurnOptions } from '../chat/types.ts';
import type { LoadSettings } from '../engines/engine.ts';
import type { ClientEvent } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import type { SettingValue } from '../settings/types.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { Contest } from './compare/contest.ts';
import { MarkdownStyler } from './markdown.ts';
import { type Panel, panelReducer } from './panel.ts';
import type { ReplServices } from './services.ts';
import { initialStatus, type Status, type StatusAction, statusReducer } from './status/reducer.ts';
import { Store } from './store.ts';
import { wrapWords } from './terminal/cells.ts';
import type { Span } from './terminal/tape.ts';
import type { Theme } from './theme.ts';
import { Trainings } from './training/trainings.ts';
import {
  answerEnd,
  conversationSpans,
  type EngineKind,
  errorSpans,
  noticeSpans,
  personSpans,
  spokenConversation,
  warningSpans,
} from './transcript.ts';
import { Watching } from './watch/watching.ts';

/** The settings that the person made before, by key. */
export type Configured = ReadonlyMap<string, SettingValue>;

export interface ReplOptions {
  readonly services: ReplServices;
  /** Default: none. */
  readonly configured?: Configured | undefined;
  /** Names whoever speaks before each text, for ears in place of eyes. */
  readonly isSpoken?: boolean;
  readonly theme: Theme;
  /** Adds to the transcript. */
  readonly write: (spans: readonly Span[]) => void;
  /** Shows Markdown as it is written, unstyled. */
  readonly raw?: boolean;
  /** Width for what is told besides the conversation; default unlimited. */
  readonly columns?: () => number;
  /** Where the person's messages go; default `write`. */
  readonly writeQuestion?: (spans: readonly Span[]) => void;
  /** Where the answers go; default `write`. */
  readonly writeAnswer?: (spans: readonly Span[]) => void;
}

/**
 * One sitting at the terminal: the conversation that is open, the answer under way, and what is told about
 * it. Knows nothing of keys and screens; the Ink views and the plain mode both drive it.
 */
export class Repl {
  readonly status: Store<Status, StatusAction>;
  /** Rows above the editor, or in its place, while something goes on that has them. */
  readonly panel = new Store<Panel | undefined, Panel | undefined>(panelReducer, undefined);
  readonly services: ReplServices;
  readonly configured: Configured;
  /** The theme, which may change at any time. */
  readonly look: Store<Theme, Theme>;
  /** How answers are watched as they are written. */
  readonly watching: Watching;
  /** What is trained behind the conversation. */
  readonly trainings: Trainings;
  /** Set when something the person asked for failed. */
  hadError = false;
  /** The answers that were compared last. */
  contest: Contest | undefined;
  readonly #write: (spans: readonly Span[]) => void;
  readonly #writeQuestion: (spans: readonly Span[]) => void;
  readonly #writeAnswer: (spans: readonly Span[]) => void;
  readonly #raw: boolean;
  readonly #isSpoken: boolean;
  readonly #columns: () => number;
  #session: ChatSession;
  #unsubscribe: () => void = () => {};
  #turn: AbortController | undefined;
  #loading: AbortController | undefined;

  constructor(session: ChatSession, options: ReplOptions) {
    this.services = options.services;
    this.configured = options.configured ?? new Map();
    this.#isSpoken = options.isSpoken ?? false;
    this.look = new Store((_, theme) => theme, options.theme);
    this.#raw = options.raw ?? false;
    this.#columns = options.columns ?? (() => Number.POSITIVE_INFINITY);
    this.#write = withSpaces(options.write);
    this.#writeQuestion = withSpaces(options.writeQuestion ?? options.write);
    this.#writeAnswer = withSpaces(options.writeAnswer ?? options.write);
    this.#session = session;
    this.watching = new Watching(this);
    this.trainings = new Trainings(this);
    this.status = new Store(statusReducer, initialStatus(session.engineId, session.modelId));
    this.#adopt(session);
  }

  get theme(): Theme {
    return this.look.get();
  }

  get session(): ChatSession {
    return this.#session;
  }

  get isGenerating(): boolean {
    return this.#turn !== undefined;
  }

  /** How the engine takes a text; until it is loaded, as it did last time. */
  get kind(): EngineKind {
    const { engineId, modelId, engineInfo } = this.#session;
    return engineInfo?.kind ?? this.services.kindOf(engineId, modelId) ?? 'completion';
  }

  /** Loads the engine in its own process, ahead of the first message. Failures are told, never thrown. */
  async load(): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const session = this.#session;
    try {
      const info = await session.load(loading.signal);
      this.services.rememberEngine(session.engineId, session.modelId, info.kind);
      if (session === this.#session) this.status.dispatch({ type: 'loaded', info });
    } catch (error) {
      if (loading.signal.aborted || session !== this.#session) return;
      this.status.dispatch({ type: 'load-failed' });
      this.fail(error);
    }
  }

  /** Sends the person's text and streams the answer into the transcript. Never throws. */
  async send(text: string, turn?: TurnOptions): Promise<void> {
    await this.#generate(personSpans(this.theme, sanitise(text), this.kind), (session, signal) =>
      session.send(text, signal, turn),
    );
  }

  /** Shows a command as it was typed, above what it says. */
  echo(command: string): void {
    this.#writeQuestion([{ text: `› ${sanitise(command)}\n`, style: this.theme.dim }]);
  }

  /** Another answer to the last message. */
  async regenerate(): Promise<void> {
    const question = this.#session.messages.findLast((message) => message.role === 'user');
    const spans = question ? personSpans(this.theme, sanitise(question.content), this.kind) : [];
    await this.#generate(spans, (session, signal) => session.regenerate(signal));
  }

  /** Changes a message on a branch of its own. A person's is answered again; an answer only gets its new words. */
  async edit({ id, role }: StoredMessage, text: string): Promise<void> {
    if (role === 'user') {
      await this.#generate(personSpans(this.theme, sanitise(text), this.kind), (session, signal) =>
        session.edit(id, text, signal),
      );
      return;
    }
    for await (const part of this.#session.edit(id, text, new AbortController().signal))
      if (part.type === 'notice') this.warn(part.text);
    this.notice('The conversation with the new words; /branch shows the old ones:\n');
    this.showConversation();
  }

  /** Goes on from the words of the last answer. */
  async continueAnswer(): Promise<void> {
    await this.#generate([], (session, signal) => session.continueAnswer(signal));
  }

  /** Runs something that writes answers of its own as the answer under way is: `stop` stops it. */
  async occupy(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const turn = new AbortController();
    this.#turn = turn;
    this.status.dispatch({ type: 'generating' });
    try {
      await work(turn.signal);
    } finally {
      this.#turn = undefined;
      this.status.dispatch({ type: 'idle' });
      this.#refresh();
    }
  }

  /** Stops the answer under way; what was written stays. */
  stop(): void {
    this.#turn?.abort(new DOMException('Stopped', 'AbortError'));
  }

  /** Keeps the conversation; the next answer comes from the other engine. */
  async switchEngine(engineId: string, modelId?: string, settings?: LoadSettings): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const before = this.#session.engineId;
    await this.#session.switchEngine(engineId, modelId, loading.signal, settings);
    const { engineInfo } = this.#session;
    this.#refresh();
    if (engineInfo)
      this.services.rememberEngine(this.#session.engineId, this.#session.modelId, engineInfo.kind);
    this.notice(`${before} → ${this.#session.engineId}: the conversation goes on.`);
  }

  /** Opens another conversation in place of this one, which stays in the store. */
  async open(session: ChatSession): Promise<void> {
    const previous = this.#session;
    this.#adopt(session);
    await previous[Symbol.asyncDispose]();
    void this.load();
  }

  /** Shows the conversation as it looked when it was held. */
  showConversation(): void {
    const kindOf = (engineId: string, modelId: string) => this.services.kindOf(engineId, modelId) ?? 'chat';
    const messages = this.#session.messages.map((message) => ({
      ...message,
      content: sanitise(message.content),
    }));
    if (this.#isSpoken) {
      this.write(spokenConversation(messages));
      return;
    }
    this.write(
      conversationSpans(this.theme, messages, this.#raw, (message) =>
        kindOf(message.engineId ?? '', message.modelId ?? ''),
      ),
    );
  }

  write(spans: readonly Span[]): void {
    this.#write(spans);
  }

  /** Adds to the transcript what an engine wrote. */
  writeAnswer(spans: readonly Span[]): void {
    this.#writeAnswer(spans);
  }

  /** Tells the person something that is not part of the conversation. */
  notice(text: string): void {
    this.write(noticeSpans(this.theme, this.#tidy(text)));
  }

  warn(text: string): void {
    this.write(warningSpans(this.theme, this.#tidy(text)));
  }

  /** Shows an error with its hint; the session goes on. */
  fail(error: unknown): void {
    this.hadError = true;
    const shown = AppError.from(error);
    const hint = shown.hint === undefined ? {} : { hint: this.#tidy(`  ${shown.hint}`) };
    this.write(errorSpans(this.theme, new AppError(shown.code, this.#tidy(shown.message), hint)));
  }

  async close(): Promise<void> {
    this.stop();
    await this.trainings.close();
    this.#loading?.abort();
    this.#unsubscribe();
    await this.#session[Symbol.asyncDispose]();
  }

  async #generate(
    question: readonly Span[],
    start: (session: ChatSession, signal: AbortSignal) => AsyncIterable<ChatPart>,
  ): Promise<void> {
    const turn = new AbortController();
    this.#turn = turn;
    this.status.dispatch({ type: 'generating' });
    const kind = this.kind;
    const answer = new AnswerWriter(this.#writeAnswer, this.watching.styler() ?? this.#stylerFor(kind));
    this.#writeQuestion(question);
    try {
      for await (const part of start(this.#session, turn.signal)) this.#take(part, answer, kind);
      answer.flush();
      this.#writeAnswer([answerEnd(answer.text, kind)]);
      this.write(answer.takeNotices());
      this.watching.endAnswer(answer);
      if (answer.reason === 'length') this.notice(`Stopped at ${this.#session.settings.maxTokens} tokens.`);
      if (answer.reason === 'abort') this.notice('Stopped.');
    } catch (error) {
      answer.flush();
      if (answer.text !== '' || kind === 'completion') this.#writeAnswer([{ text: '\n', style: '' }]);
      this.write(answer.takeNotices());
      this.fail(error);
    } finally {
      this.#turn = undefined;
      this.status.dispatch({ type: 'finish', usage: answer.usage });
      const { engineId, modelId } = this.#session;
      if (answer.usage && answer.usage.generatedTokens > 1)
        this.services.rememberSpeed(engineId, modelId, answer.usage.tokensPerSecond);
      this.status.dispatch({ type: 'idle' });
      this.#refresh();
    }
  }

  #take(part: ChatPart, answer: AnswerWriter, kind: EngineKind): void {
    switch (part.type) {
      case 'text-delta':
        answer.add(part);
        this.watching.add(part);
        if (answer.isProgressDue())
          this.status.dispatch({ type: 'progress', tokens: answer.tokens, ms: answer.elapsedMs });
        break;
      case 'finish':
        answer.reason = part.reason;
        answer.usage = part.usage;
        break;
      case 'notice': {
        const spans = part.level === 'warning' ? warningSpans : noticeSpans;
        answer.notices.push(...spans(this.theme, this.#tidy(part.text)));
        // In the middle of a line a notice would tear the text apart: it waits for the answer's end.
        if (kind === 'chat' && answer.text === '') this.write(answer.takeNotices());
        break;
      }
      case 'engine-event':
        break;
      default:
        part satisfies never;
    }
  }

  /** Clean, and with lines that end between words. The mark before a text takes two columns. */
  #tidy(text: string): string {
    return wrapWords(sanitise(text), this.#columns() - 2);
  }

  /** A continuation is prose or names: its stars and hashes are not Markdown. */
  #stylerFor(kind: EngineKind): MarkdownStyler | undefined {
    return this.#raw || kind === 'completion' ? undefined : new MarkdownStyler(this.theme);
  }

  #adopt(session: ChatSession): void {
    this.#unsubscribe();
    this.#session = session;
    this.watching.apply();
    this.#unsubscribe = session.subscribe((event) => this.#onEngineEvent(event));
    this.#refresh();
  }

  #onEngineEvent(event: ClientEvent): void {
    this.status.dispatch({ type: 'engine-event', event });
    if (event.type === 'crashed' && !this.isGenerating) this.fail(event.error);
  }

  #refresh(): void {
    const { engineId, modelId, engineInfo } = this.#session;
    this.status.dispatch({ type: 'session', engineId, modelId, info: engineInfo });
  }
}

/** A terminal would jump over a tab's cells, and leave what was there before. */
function withSpaces(write: (spans: readonly Span[]) => void): (spans: readonly Span[]) => void {
  return (spans) => write(spans.map((span) => ({ ...span, text: span.text.replaceAll('\t', '    ') })));
}
