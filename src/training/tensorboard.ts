/** A run's numbers for TensorBoard: `tensorboard --logdir <runs>`. The run's record is log.jsonl; this is a view. */
import type { TensorFlow } from '../tensor/index.ts';
import { openSummaries } from '../tensor/summaries.ts';
import type { LogLine } from './run-log.ts';

export interface EventFile extends Disposable {
  write(line: LogLine): void;
}

/**
 * A process that goes on with a run begins a file of its own; steps that it does again after a cut are in both.
 * Without native TensorFlow nothing is written.
 */
export function openEventFile(tf: TensorFlow, folder: string): EventFile {
  const summaries = openSummaries(tf, folder);
  return {
    write(line) {
      for (const [name, value] of scalarsOf(line)) summaries?.scalar(name, value, line.step);
      if (line.event === 'eval') summaries?.flush();
    },
    [Symbol.dispose]: () => summaries?.flush(),
  };
}

/** The numbers of a log line, by the names under which TensorBoard groups them. */
export function scalarsOf(line: LogLine): readonly (readonly [string, number])[] {
  switch (line.event) {
    case 'step':
      return [
        ['loss/train', line.trainLoss],
        ['learning rate', line.learningRate],
        ...(line.gradNorm === undefined ? [] : ([['gradient norm', line.gradNorm]] as const)),
        ['speed/tokens per second', line.tokensPerSecond],
        ['speed/resident megabytes', line.rss / 2 ** 20],
      ];
    case 'eval':
      return [['loss/val', line.valLoss]];
    case 'sample':
    case 'resume':
    case 'finish':
      return [];
    default:
      return line satisfies never;
  }
}
