import type { Message, Sampling } from '../../engines/engine.ts';

/** What was asked, in full, so that an answer can be given again, gone on with, or apologised for. */
export interface AnswerRequest {
  /** The conversation up to and including the question. */
  readonly messages: readonly Message[];
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly systemPrompt: string;
  readonly stop: readonly string[];
}

/** Where an answer is shown: enough to find it again after a restart. */
export type AnswerPlace =
  | {
      readonly kind: 'interaction';
      readonly applicationId: string;
      /** Lets the bot edit its answer for fifteen minutes. */
      readonly token: string;
      readonly expiresAt: number;
      readonly private: boolean;
      /** The bot may not write there by itself (installed by a person only, or without permission). */
      readonly tokenOnly?: boolean;
    }
  /** An ordinary message; under the question where `replyTo` names it. */
  | { readonly kind: 'message'; readonly replyTo: string | null };

export type AnswerState = 'open' | 'done' | 'stopped' | 'failed' | 'interrupted';

export interface StoredAnswer {
  readonly id: string;
  readonly state: AnswerState;
  readonly userId: string;
  readonly guildId: string | null;
  readonly channelId: string;
  readonly engine: string;
  readonly model: string;
  readonly request: AnswerRequest;
  readonly text: string;
  readonly place: AnswerPlace;
  readonly messageIds: readonly string[];
}

/** What a channel has set; absent fields take the bot's defaults. */
export interface ChannelSettings {
  readonly engine?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly sampling?: Sampling;
  readonly maxTokens?: number;
}

export interface EngineStats {
  readonly engine: string;
  readonly answers: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
}
