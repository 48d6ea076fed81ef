import type { Client } from 'discord.js';
import type { ContentFilter } from './answers/filter.ts';
import type { EnginePool } from './answers/pool.ts';
import type { AnswerService } from './answers/service.ts';
import type { BotConfig } from './config.ts';
import type { BotLog } from './log.ts';
import type { BotMetrics } from './metrics.ts';
import type { RequestQueue } from './queue/types.ts';
import type { BotStore } from './store/store.ts';

/** What commands and events work with. */
export interface BotContext {
  readonly config: BotConfig;
  readonly client: Client<true>;
  readonly store: BotStore;
  readonly pool: EnginePool;
  readonly queue: RequestQueue;
  readonly answers: AnswerService;
  /** Whatever a model writes passes it before it is shown. */
  readonly filter: ContentFilter | undefined;
  /** Least time between two edits of one message, in milliseconds. */
  readonly editIntervalMs: number;
  readonly log: BotLog;
  readonly metrics: BotMetrics;
  readonly redact: (text: string) => string;
}
