import type { Client } from 'discord.js';
import type { EnginePool } from './answers/pool.ts';
import type { AnswerService } from './answers/service.ts';
import type { BotConfig } from './config.ts';
import type { BotLog } from './log.ts';
import type { BotMetrics } from './metrics.ts';
import type { AnswerQueue } from './queue.ts';
import type { BotStore } from './store/store.ts';

/** What commands and events work with. */
export interface BotContext {
  readonly config: BotConfig;
  readonly client: Client<true>;
  readonly store: BotStore;
  readonly pool: EnginePool;
  readonly queue: AnswerQueue;
  readonly answers: AnswerService;
  /** Least time between two edits of one message, in milliseconds. */
  readonly editIntervalMs: number;
  readonly log: BotLog;
  readonly metrics: BotMetrics;
  readonly redact: (text: string) => string;
}
