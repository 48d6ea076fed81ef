/** A run's log: JSON Lines, one line an event, readable by a notebook while the run goes on. */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../errors.ts';

const place = { step: z.number(), epoch: z.number(), seconds: z.number() };

const logLineSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('step'),
    ...place,
    /** Mean over the steps since the last such line. */
    trainLoss: z.number(),
    learningRate: z.number(),
    gradNorm: z.number().optional(),
    tokensPerSecond: z.number(),
    /** Resident bytes of the training process. */
    rss: z.number(),
  }),
  z.object({
    event: z.literal('eval'),
    ...place,
    /** Over the whole split that picks the best checkpoint. */
    valLoss: z.number(),
    best: z.boolean(),
  }),
  z.object({ event: z.literal('sample'), ...place, text: z.string() }),
  z.object({ event: z.literal('resume'), ...place }),
  z.object({ event: z.literal('finish'), ...place, reason: z.string() }),
]);

export type LogLine = z.infer<typeof logLineSchema>;

export interface RunLog extends Disposable {
  /** Bytes so far. */
  readonly bytes: number;
  append(line: LogLine): void;
}

/** Opens a log to write at `keepBytes`: what a killed process wrote after its last checkpoint goes away. */
export function openRunLog(file: string, keepBytes: number): RunLog {
  const descriptor = openSync(file, existsSync(file) ? 'r+' : 'w+');
  let bytes = Math.min(keepBytes, fstatSync(descriptor).size);
  ftruncateSync(descriptor, bytes);
  return {
    get bytes() {
      return bytes;
    },
    append(line) {
      const text = Buffer.from(`${JSON.stringify(line)}\n`);
      writeSync(descriptor, text, 0, text.byteLength, bytes);
      bytes += text.byteLength;
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

/** All lines; a last one that is still being written is left out. @throws AppError FILE_NOT_FOUND, FILE_INVALID */
export async function readRunLog(file: string): Promise<LogLine[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_NOT_FOUND', `There is no run log ${file}.`, { cause });
  }
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line, index) => {
    try {
      return logLineSchema.parse(JSON.parse(line));
    } catch (cause) {
      throw new AppError('FILE_INVALID', `Line ${index + 1} of ${file} is not a log line.`, { cause });
    }
  });
}
