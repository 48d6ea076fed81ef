import { randomUUID } from 'node:crypto';
import type { REST } from 'discord.js';
import type { FinishReason } from '../../engines/engine.ts';
import type { EngineClient } from '../../engines/host/types.ts';
import { AppError } from '../../errors.ts';
import type { BotLog } from '../log.ts';
import type { BotMetrics } from '../metrics.ts';
import type { AnswerQueue } from '../queue.ts';
import { safeError } from '../redact.ts';
import type { AnswerPlace, AnswerRequest, BotStore, StoredAnswer } from '../store/store.ts';
import type { AnswerAction } from './buttons.ts';
import { Display } from './display.ts';
import type { ContentFilter } from './filter.ts';
import { generateAnswer } from './generate.ts';
import { formatSeconds, Pace } from './pace.ts';
import { openPlace } from './place.ts';
import type { EnginePool } from './pool.ts';
import { describeUsage, renderAnswer } from './render.ts';

/** One question with everything needed to answer it. */
export interface Ask {
  readonly userId: string;
  readonly guildId: string | null;
  readonly channelId: string;
  readonly engine: string;
  readonly model?: string;
  readonly request: AnswerRequest;
  readonly place: AnswerPlace;
  /** Shown above the answer; absent where the question stands right above it. */
  readonly question?: string;
}

export interface AnswerServiceOptions {
  readonly rest: REST;
  readonly store: BotStore;
  readonly pool: EnginePool;
  readonly queue: AnswerQueue;
  readonly slots: number;
  readonly log: BotLog;
  readonly metrics: BotMetrics;
  /** With one, words are shown only when the whole answer has passed it. */
  readonly filter: ContentFilter | undefined;
  readonly redact: (text: string) => string;
  /** Least time between two edits of one answer, in milliseconds. */
  readonly editIntervalMs: number;
}

/** Why an answer is being stopped; an AbortSignal's reason. */
type StopReason = 'person' | 'shutdown';

/** The words so far are kept in the store at least this often, in milliseconds. */
const saveEveryMs = 1_000;

const finishedActions: readonly AnswerAction[] = ['regenerate', 'continue', 'engine', 'probabilities'];

/**
 * Gives answers: waits for a slot, generates, shows the text as it comes, and keeps what is needed to find every
 * answer again after a restart.
 */
export class AnswerService {
  private readonly options: AnswerServiceOptions;
  private readonly active = new Map<
    string,
    { readonly userId: string; readonly abort: AbortController; readonly ended: Promise<void> }
  >();
  private readonly pace = new Pace();
  private closing = false;

  constructor(options: AnswerServiceOptions) {
    this.options = options;
  }

  get activeCount(): number {
    return this.active.size;
  }

  /**
   * Answers; resolves when the answer has ended, whichever way. A refusal (queue full, cooldown, shutting down)
   * is shown where the answer would have been.
   * @returns the answer's id.
   */
  async ask(ask: Ask): Promise<string> {
    const id = randomUUID().slice(0, 13);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const abort = new AbortController();
    this.active.set(id, { userId: ask.userId, abort, ended });
    try {
      await this.answer(id, ask, abort.signal);
    } finally {
      this.active.delete(id);
      resolve();
    }
    return id;
  }

  /** Stops an answer under way. False when it has ended already. */
  stop(answerId: string): boolean {
    const running = this.active.get(answerId);
    running?.abort.abort('person' satisfies StopReason);
    return running !== undefined;
  }

  /** Stops every answer under way that a person asked for. */
  stopAllOf(userId: string): void {
    for (const running of this.active.values()) {
      if (running.userId === userId) running.abort.abort('person' satisfies StopReason);
    }
  }

  /** Takes no more questions, waits this long for answers under way, then cuts them off with their text kept. */
  async drain(limitMs: number): Promise<void> {
    this.closing = true;
    const all = Promise.all([...this.active.values()].map(({ ended }) => ended));
    const timeout = AbortSignal.timeout(Math.max(1, limitMs));
    await Promise.race([
      all,
      new Promise((resolve) => timeout.addEventListener('abort', resolve, { once: true })),
    ]);
    for (const { abort } of this.active.values()) abort.abort('shutdown' satisfies StopReason);
    await Promise.all([...this.active.values()].map(({ ended }) => ended));
  }

  /** Apologises for every answer that an earlier run left unfinished, once each. */
  async recover(mine: (answer: StoredAnswer) => boolean): Promise<number> {
    const { store, log, redact } = this.options;
    const left = store.openAnswers().filter((answer) => mine(answer) && !this.active.has(answer.id));
    for (const answer of left) {
      try {
        const display = this.display(answer.id, answer, answer.messageIds);
        // the edit gives the same picture however often it is made; only then is the answer closed
        await display.finish(
          renderAnswer({
            answerId: answer.id,
            kind: 'chat',
            text: await this.filtered(answer.text),
            footer: `${answer.engine} · sorry: the bot was restarted in the middle of this answer`,
            actions: finishedActions,
            finished: true,
          }),
        );
      } catch (error) {
        log.warn(
          { answer: answer.id, error: safeError(error, redact) },
          'an unfinished answer could not be reached',
        );
      }
      store.markInterrupted(answer.id);
    }
    return left.length;
  }

  private display(
    id: string,
    at: Pick<StoredAnswer, 'place' | 'channelId' | 'userId'>,
    messageIds?: readonly string[],
  ): Display {
    const { rest, store, editIntervalMs } = this.options;
    const place = openPlace(rest, at.place, { answerId: id, channelId: at.channelId, userId: at.userId });
    return new Display(place, {
      intervalMs: editIntervalMs,
      ...(messageIds ? { messageIds } : {}),
      onMessages: (ids) => store.saveMessages(id, ids),
    });
  }

  private async answer(id: string, ask: Ask, signal: AbortSignal): Promise<void> {
    const { store, queue, pool, log, metrics } = this.options;
    const display = this.display(id, ask);
    const view = {
      answerId: id,
      kind: 'chat' as 'chat' | 'completion',
      ...(ask.question === undefined ? {} : { question: ask.question }),
    };
    let text = '';
    let tokens = 0;
    let tokensPerSecond = 0;
    const render = (footer: string, actions: readonly AnswerAction[], finished: boolean) =>
      renderAnswer({
        ...view,
        text: finished || !this.options.filter ? text : '',
        footer,
        actions,
        finished,
      });
    const show = (footer: string) => display.show(render(footer, ['stop'], false));
    /** For news from elsewhere (queue, loading): a display that has failed must not fail whoever tells the news. */
    const tell = (footer: string) => {
      try {
        show(footer);
      } catch {
        // the next words of this answer meet the same failure, where it is handled
      }
    };
    let leftOut = '';
    let opened = false;
    try {
      if (this.closing)
        throw new AppError('QUEUE_FULL', 'The bot is about to restart. Ask again in a minute.');
      // known before the first wait, so that even a crash right now leaves a trace
      store.createAnswer({ ...ask, id, model: ask.model ?? '' });
      opened = true;
      using slot = await queue.enter({
        engine: ask.engine,
        userId: ask.userId,
        ...(ask.guildId === null ? {} : { guildId: ask.guildId }),
        signal,
        onPosition: (position) => tell(this.describePosition(ask.engine, position)),
      });
      metrics.queueSeconds.observe({ engine: ask.engine }, slot.waitedMs / 1_000);
      const began = Date.now();
      using loan = await pool.borrow(ask.engine, ask.model);
      const reason = await this.generate(loan.client, ask, signal, {
        onKind: (kind) => {
          view.kind = kind;
        },
        onLoading: (message) => tell(`${ask.engine} is getting ready: ${message}`),
        onLeftOut: (what) => {
          leftOut = ` · ${what}`;
        },
        onText: (delta, count) => {
          text += delta;
          tokens += count;
          const seconds = (Date.now() - began) / 1_000;
          show(this.describeRunning(ask, tokens, tokens / seconds));
          this.saveNow(id, text);
        },
        onFinish: (usage) => {
          tokens = usage.generatedTokens;
          tokensPerSecond = usage.tokensPerSecond;
        },
      });
      text = await this.filtered(text);
      this.pace.learn(ask.engine, (Date.now() - began) / 1_000);
      store.saveText(id, text);
      const state = reason === 'abort' ? (signal.reason === 'shutdown' ? 'interrupted' : 'stopped') : 'done';
      const ending = endings[reason](ask, signal.reason as StopReason) + leftOut;
      await display.finish(
        render(describeUsage(ask.engine, { tokens, tokensPerSecond }, ending), finishedActions, true),
      );
      store.finishAnswer(id, state, { tokens, tokensPerSecond });
      metrics.answers.inc({ engine: ask.engine, outcome: state });
      metrics.tokens.inc({ engine: ask.engine }, tokens);
    } catch (error) {
      // what the filter has not passed is not shown
      if (this.options.filter) text = '';
      await this.fail(id, ask, display, render, error, {
        opened,
        ...(signal.aborted ? { aborted: signal.reason as StopReason } : {}),
      });
      log.debug({ answer: id }, 'answer ended early');
    } finally {
      this.savedAt.delete(id);
    }
  }

  private readonly savedAt = new Map<string, number>();

  private saveNow(id: string, text: string): void {
    const now = Date.now();
    if (now - (this.savedAt.get(id) ?? 0) < saveEveryMs) return;
    this.savedAt.set(id, now);
    this.options.store.saveText(id, text);
  }

  private async generate(
    client: EngineClient,
    ask: Ask,
    signal: AbortSignal,
    on: {
      onKind(kind: 'completion' | 'chat'): void;
      onLoading(message: string): void;
      onLeftOut(what: string): void;
      onText(delta: string, tokens: number): void;
      onFinish(usage: { generatedTokens: number; tokensPerSecond: number }): void;
    },
  ): Promise<FinishReason> {
    const unsubscribe = client.subscribe((event) => {
      if (event.type === 'load-progress') on.onLoading(event.progress.message);
    });
    try {
      let reason: FinishReason = 'stop';
      for await (const part of generateAnswer(client, ask.request, signal)) {
        switch (part.type) {
          case 'ready':
            on.onKind(part.info.kind);
            break;
          case 'left-out':
            on.onLeftOut(part.text);
            break;
          case 'text-delta':
            on.onText(part.text, part.tokenIds.length);
            break;
          case 'finish':
            on.onFinish(part.usage);
            reason = part.reason;
            break;
          default:
            part satisfies never;
        }
      }
      return reason;
    } finally {
      unsubscribe();
    }
  }

  private async filtered(text: string): Promise<string> {
    const { filter } = this.options;
    return (filter ? await filter(text) : text) ?? '*(withheld by this bot’s content filter)*';
  }

  private async fail(
    id: string,
    ask: Ask,
    display: Display,
    render: (
      footer: string,
      actions: readonly AnswerAction[],
      finished: boolean,
    ) => ReturnType<typeof renderAnswer>,
    error: unknown,
    how: { opened: boolean; aborted?: StopReason },
  ): Promise<void> {
    const { store, log, metrics, redact } = this.options;
    const refused =
      error instanceof AppError && (error.code === 'QUEUE_FULL' || error.code === 'QUEUE_COOLDOWN');
    const outcome = how.aborted
      ? how.aborted === 'shutdown'
        ? 'interrupted'
        : 'stopped'
      : refused
        ? 'refused'
        : 'failed';
    metrics.answers.inc({ engine: ask.engine, outcome });
    if (outcome === 'failed') log.error({ answer: id, error: safeError(error, redact) }, 'an answer failed');
    const footer = how.aborted
      ? `${ask.engine}${endings.abort(ask, how.aborted)}`
      : describeFailure(id, error);
    try {
      await display.finish(render(footer, refused || !how.opened ? [] : ['regenerate'], true));
    } catch (unreachable) {
      log.warn({ answer: id, error: safeError(unreachable, redact) }, 'an answer’s end could not be shown');
    }
    if (how.opened)
      store.finishAnswer(id, outcome === 'refused' ? 'failed' : outcome, { tokens: 0, tokensPerSecond: 0 });
  }

  private describePosition(engine: string, position: number): string {
    const wait = this.pace.estimate(engine, position, this.options.slots);
    return `⏳ place ${position + 1} in the queue for ${engine}${wait === undefined ? '' : ` · about ${formatSeconds(wait)}`}`;
  }

  private describeRunning(ask: Ask, tokens: number, speed: number): string {
    // a slow engine says how long it can take at most
    const left =
      speed > 0 && speed < 5
        ? ` · at most ${formatSeconds((ask.request.maxTokens - tokens) / speed)} left`
        : '';
    return describeUsage(ask.engine, { tokens, tokensPerSecond: speed }, left);
  }
}

const endings: Readonly<Record<FinishReason, (ask: Ask, reason: StopReason) => string>> = {
  stop: () => '',
  length: (ask) => ` · cut at ${ask.request.maxTokens} tokens`,
  context: () => ' · context full',
  abort: (_, reason) => (reason === 'shutdown' ? ' · cut off: the bot is restarting' : ' · stopped'),
};

function describeFailure(id: string, error: unknown): string {
  if (error instanceof AppError && error.code !== 'INTERNAL') {
    return `⚠️ ${error.message}${error.hint ? ` ${error.hint}` : ''}`.replace(/\s+/g, ' ').slice(0, 900);
  }
  return `⚠️ Something went wrong here (answer ${id}). The bot's owner finds it in the log.`;
}
