import type { FinishReason } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import type { Ask, StopReason } from './ask.ts';
import { formatSeconds } from './pace.ts';
import { describeUsage } from './render.ts';

/** From this long before an interaction's end on people are told what will happen, in milliseconds. */
const warnMs = 3 * 60_000;

/** The line under an answer that waits for its slot. */
export function describePosition(engine: string, position: number, waitSeconds: number | undefined): string {
  const wait = waitSeconds === undefined ? '' : ` · about ${formatSeconds(waitSeconds)}`;
  return `⏳ place ${position + 1} in the queue for ${engine}${wait}`;
}

/** The line under an answer that is being written. @param speed in tokens/s. */
export function describeRunning(ask: Ask, tokens: number, speed: number): string {
  // a slow engine says how long it can take at most
  const left =
    speed > 0 && speed < 5
      ? ` · at most ${formatSeconds((ask.request.maxTokens - tokens) / speed)} left`
      : '';
  return describeUsage(ask.engine, { tokens, tokensPerSecond: speed }, left);
}

/** What follows on any line while the end of an interaction's fifteen minutes is near; '' before. */
export function describeNearEnd({ place }: Ask, lastMoment: number | undefined, now = Date.now()): string {
  if (place.kind !== 'interaction') return '';
  const left = (lastMoment ?? place.expiresAt) - now;
  if (left > warnMs || left <= 0) return '';
  if (lastMoment !== undefined)
    return ` · cut off in ${formatSeconds(left / 1_000)}: Discord lets me write here for 15 minutes only`;
  return place.private ? ` · goes on in your direct messages in ${formatSeconds(left / 1_000)}` : '';
}

/** What an answer's last line says of its end. */
export function describeEnd(reason: FinishReason, ask: Ask, stopped: StopReason): string {
  switch (reason) {
    case 'stop':
      return '';
    case 'length':
      return ` · cut at ${ask.request.maxTokens} tokens`;
    case 'context':
      return ' · context full';
    case 'abort':
      return stops[stopped];
    default:
      return reason satisfies never;
  }
}

const stops: Readonly<Record<StopReason, string>> = {
  person: ' · stopped',
  shutdown: ' · cut off: the bot is restarting',
  expired: ' · cut off: Discord lets me write here for 15 minutes only. Press Continue and I go on',
};

/** The last line of an answer that was stopped while it waited, or after an engine's failure. */
export function describeStopped(engine: string, stopped: StopReason): string {
  if (stopped !== 'expired') return `${engine}${stops[stopped]}`;
  return `⚠️ ${engine} did not get to this within the 15 minutes that Discord lets me write here. Press Regenerate to ask again.`;
}

/** The last line of an answer that failed. */
export function describeFailure(id: string, error: unknown): string {
  if (error instanceof AppError && error.code !== 'INTERNAL') {
    return `⚠️ ${error.message}${error.hint ? ` ${error.hint}` : ''}`.replace(/\s+/g, ' ').slice(0, 900);
  }
  return `⚠️ Something went wrong here (answer ${id}). The bot's owner finds it in the log.`;
}
