import { randomUUID } from 'node:crypto';
import type { FinishReason, Usage } from '../../engines/engine.ts';
import type { EngineClient } from '../../engines/host/types.ts';
import { AppError } from '../../errors.ts';
import { safeError } from '../redact.ts';
import type { AnswerState } from '../store/types.ts';
import { type Answering, openDisplay } from './answering.ts';
import type { Ask, StopReason } from './ask.ts';
import { type AnswerAction, finishedActions } from './buttons.ts';
import type { Display } from './display.ts';
import { passFilter } from './filter.ts';
import { generateAnswer } from './generate.ts';
import type { Pace } from './pace.ts';
import { lastMoment, type Payload } from './place.ts';
import { describeUsage, renderAnswer } from './render.ts';
import {
  describeEnd,
  describeFailure,
  describeNearEnd,
  describePosition,
  describeRunning,
  describeStopped,
} from './words.ts';

/** The words so far are kept in the store at least this often, in milliseconds. */
const saveEveryMs = 1_000;

/** One answer, from the question to the last edit of its messages. */
export class Answer {
  readonly id = randomUUID().slice(0, 13);
  readonly userId: string;
  private readonly answering: Answering;
  private readonly ask: Ask;
  private readonly pace: Pace;
  private readonly display: Display;
  private readonly aborted = new AbortController();
  /** When the bot may no longer write there, in ms since 1970; undefined where it always may. */
  private readonly lastMoment: number | undefined;
  private kind: 'completion' | 'chat' = 'chat';
  private text = '';
  private usage = { tokens: 0, tokensPerSecond: 0 };
  private leftOut = '';
  private savedAt = 0;
  private stored = false;

  constructor(answering: Answering, ask: Ask, pace: Pace) {
    this.answering = answering;
    this.ask = ask;
    this.userId = ask.userId;
    this.pace = pace;
    this.display = openDisplay(answering, this.id, ask);
    this.lastMoment = lastMoment(ask.place);
  }

  /** Ends the answer soon; its words are kept and shown. */
  stop(reason: StopReason): void {
    this.aborted.abort(reason);
  }

  /** Resolves when the answer has ended, whichever way; that end is shown. */
  async give(): Promise<void> {
    const end =
      this.lastMoment === undefined
        ? undefined
        : setTimeout(() => this.stop('expired'), Math.max(0, this.lastMoment - Date.now()));
    try {
      // known before the first wait, so that even a crash right now leaves a trace
      this.answering.store.createAnswer({ ...this.ask, id: this.id, model: this.ask.model ?? '' });
      this.stored = true;
      await this.finish(await this.generate());
    } catch (error) {
      await this.fail(error);
    } finally {
      clearTimeout(end);
    }
  }

  /** Shows a refusal in the answer's place, where nothing of it is kept. */
  async refuse(error: AppError): Promise<void> {
    await this.fail(error);
  }

  private async generate(): Promise<FinishReason> {
    const { queue, pool, metrics, slots } = this.answering;
    const { engine, model, userId, guildId } = this.ask;
    const { signal } = this.aborted;
    using slot = await queue.enter({
      engine,
      userId,
      ...(guildId === null ? {} : { guildId }),
      signal,
      onPosition: (position) =>
        this.tell(describePosition(engine, position, this.pace.estimate(engine, position, slots))),
    });
    metrics.queueSeconds.observe({ engine }, slot.waitedMs / 1_000);
    const began = Date.now();
    using loan = await pool.borrow(engine, model, slot.number);
    const reason = await this.stream(loan.client, began);
    this.text = await passFilter(this.answering.filter, this.text);
    this.pace.learn(engine, (Date.now() - began) / 1_000);
    return reason;
  }

  private async stream(client: EngineClient, began: number): Promise<FinishReason> {
    const unsubscribe = client.subscribe((event) => {
      if (event.type === 'load-progress')
        this.tell(`${this.ask.engine} is getting ready: ${event.progress.message}`);
    });
    try {
      let reason: FinishReason = 'stop';
      for await (const part of generateAnswer(client, this.ask.request, this.aborted.signal)) {
        switch (part.type) {
          case 'ready':
            this.kind = part.info.kind;
            break;
          case 'left-out':
            this.leftOut = ` · ${part.text}`;
            break;
          case 'text-delta':
            this.add(part.text, part.tokenIds.length, (Date.now() - began) / 1_000);
            break;
          case 'finish':
            this.count(part.usage);
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

  private add(delta: string, tokens: number, seconds: number): void {
    this.text += delta;
    this.usage.tokens += tokens;
    this.show(describeRunning(this.ask, this.usage.tokens, this.usage.tokens / seconds));
    const now = Date.now();
    if (now - this.savedAt < saveEveryMs) return;
    this.savedAt = now;
    this.answering.store.saveText(this.id, this.text);
  }

  private count({ generatedTokens, tokensPerSecond }: Usage): void {
    this.usage = { tokens: generatedTokens, tokensPerSecond };
  }

  private async finish(reason: FinishReason): Promise<void> {
    const { store, metrics } = this.answering;
    const { engine } = this.ask;
    const stopped = this.aborted.signal.reason as StopReason;
    store.saveText(this.id, this.text);
    const state = reason === 'abort' ? stateOf(stopped) : 'done';
    const ending = describeEnd(reason, this.ask, stopped) + this.leftOut;
    await this.display.finish(this.render(describeUsage(engine, this.usage, ending), finishedActions, true));
    store.finishAnswer(this.id, state, this.usage);
    metrics.answers.inc({ engine, outcome: state });
    metrics.tokens.inc({ engine }, this.usage.tokens);
  }

  private async fail(error: unknown): Promise<void> {
    const { store, log, metrics, redact, filter } = this.answering;
    const { engine } = this.ask;
    const { aborted, reason } = this.aborted.signal;
    // what the filter has not passed is not shown
    if (filter) this.text = '';
    const refused =
      error instanceof AppError && (error.code === 'QUEUE_FULL' || error.code === 'QUEUE_COOLDOWN');
    const state = aborted ? stateOf(reason as StopReason) : 'failed';
    metrics.answers.inc({ engine, outcome: refused ? 'refused' : state });
    if (state === 'failed' && !refused)
      log.error({ answer: this.id, error: safeError(error, redact) }, 'an answer failed');
    const footer = aborted ? describeStopped(engine, reason as StopReason) : describeFailure(this.id, error);
    try {
      await this.display.finish(this.render(footer, refused || !this.stored ? [] : ['regenerate'], true));
    } catch (unreachable) {
      log.warn(
        { answer: this.id, error: safeError(unreachable, redact) },
        'an answer’s end could not be shown',
      );
    }
    if (this.stored) store.finishAnswer(this.id, state, { tokens: 0, tokensPerSecond: 0 });
  }

  /** @throws what an earlier edit threw. */
  private show(footer: string): void {
    const note = describeNearEnd(this.ask, this.lastMoment);
    this.display.show(this.render(`${footer}${note}`, ['stop'], false));
  }

  /** For news from elsewhere (queue, loading): a display that has failed must not fail whoever tells the news. */
  private tell(footer: string): void {
    try {
      this.show(footer);
    } catch {
      // the next words of this answer meet the same failure, where it is handled
    }
  }

  private render(footer: string, actions: readonly AnswerAction[], finished: boolean): Payload[] {
    const { question } = this.ask;
    return renderAnswer({
      answerId: this.id,
      kind: this.kind,
      ...(question === undefined ? {} : { question }),
      text: finished || !this.answering.filter ? this.text : '',
      footer,
      actions,
      finished,
    });
  }
}

const stateOf = (reason: StopReason): Exclude<AnswerState, 'open'> =>
  reason === 'person' ? 'stopped' : 'interrupted';
