import { type DestinationStream, type Logger, pino } from 'pino';
import type { BotConfig } from './config.ts';

export type BotLog = Logger;

/** Structured logs on standard error, one JSON object a line; every string passes the redactor. */
export function createLog(
  level: BotConfig['logLevel'],
  redact: (text: string) => string,
  destination?: DestinationStream,
): BotLog {
  const options = {
    level,
    base: { app: 'babble-bot' },
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: {
      streamWrite: (line: string) => `${redact(line.trimEnd())}\n`,
    },
  };
  return destination ? pino(options, destination) : pino(options, pino.destination({ dest: 2, sync: true }));
}
