import type { REST } from 'discord.js';
import type { BotLog } from '../log.ts';
import type { BotMetrics } from '../metrics.ts';
import type { RequestQueue } from '../queue/types.ts';
import type { BotStore } from '../store/store.ts';
import type { StoredAnswer } from '../store/types.ts';
import { Display } from './display.ts';
import type { ContentFilter } from './filter.ts';
import { openPlace } from './place.ts';
import type { EnginePool } from './pool.ts';

/** What giving answers needs of the rest of the bot. */
export interface Answering {
  readonly rest: REST;
  readonly store: BotStore;
  readonly pool: EnginePool;
  readonly queue: RequestQueue;
  readonly slots: number;
  readonly log: BotLog;
  readonly metrics: BotMetrics;
  /** With one, words are shown only when the whole answer has passed it. */
  readonly filter: ContentFilter | undefined;
  readonly redact: (text: string) => string;
  /** Least time between two edits of one answer, in milliseconds. */
  readonly editIntervalMs: number;
}

/** Opens the messages of an answer, new or (with their ids) after a restart; the store learns of every one added. */
export function openDisplay(
  { rest, store, editIntervalMs }: Answering,
  id: string,
  at: Pick<StoredAnswer, 'place' | 'channelId' | 'userId'>,
  messageIds?: readonly string[],
): Display {
  const place = openPlace(rest, at.place, { answerId: id, channelId: at.channelId, userId: at.userId });
  return new Display(place, {
    intervalMs: editIntervalMs,
    ...(messageIds ? { messageIds } : {}),
    onMessages: (ids) => store.saveMessages(id, ids),
  });
}
