import type { AnswerPlace, AnswerRequest } from '../store/types.ts';

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

/** Why an answer is being stopped; an AbortSignal's reason. `expired`: the bot may not write there any longer. */
export type StopReason = 'person' | 'shutdown' | 'expired';
