import { AppError } from '../../errors.ts';
import type { StoredAnswer } from '../store/types.ts';
import { Answer } from './answer.ts';
import type { Answering } from './answering.ts';
import type { Ask } from './ask.ts';
import { Pace } from './pace.ts';
import { apologiseFor } from './recover.ts';

/** An answer that is cut off has this long to show its end, in milliseconds; the next start apologises for others. */
const lastWordsMs = 5_000;

/** Gives answers, and knows those under way. */
export class AnswerService {
  private readonly answering: Answering;
  private readonly active = new Map<string, { readonly answer: Answer; readonly ended: Promise<void> }>();
  private readonly pace = new Pace();
  private closing = false;

  constructor(answering: Answering) {
    this.answering = answering;
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
    const answer = new Answer(this.answering, ask, this.pace);
    const ended = this.closing
      ? answer.refuse(new AppError('QUEUE_FULL', 'The bot is about to restart. Ask again in a minute.'))
      : answer.give();
    this.active.set(answer.id, { answer, ended: ended.catch(() => {}) });
    await ended.finally(() => this.active.delete(answer.id));
    return answer.id;
  }

  /** Stops an answer under way. False when it has ended already. */
  stop(answerId: string): boolean {
    const running = this.active.get(answerId);
    running?.answer.stop('person');
    return running !== undefined;
  }

  /** Stops every answer under way that a person asked for. */
  stopAllOf(userId: string): void {
    for (const { answer } of this.active.values()) if (answer.userId === userId) answer.stop('person');
  }

  /** Takes no more questions, waits this long for answers under way, then cuts them off with their text kept. */
  async drain(limitMs: number): Promise<void> {
    this.closing = true;
    await this.ended(limitMs);
    for (const { answer } of this.active.values()) answer.stop('shutdown');
    await this.ended(lastWordsMs);
  }

  /** Resolves when no answer is under way any more, or after this time, in milliseconds. */
  private async ended(limitMs: number): Promise<void> {
    const timeout = AbortSignal.timeout(Math.max(1, limitMs));
    await Promise.race([
      Promise.all([...this.active.values()].map(({ ended }) => ended)),
      new Promise((resolve) => timeout.addEventListener('abort', resolve, { once: true })),
    ]);
  }

  /** Apologises for every answer that an earlier run left unfinished, once each. Returns their number. */
  async recover(mine: (answer: StoredAnswer) => boolean): Promise<number> {
    const { store } = this.answering;
    const left = store.openAnswers().filter((answer) => mine(answer) && !this.active.has(answer.id));
    await apologiseFor(this.answering, left);
    return left.length;
  }
}
