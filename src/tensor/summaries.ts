import type { TensorFlow } from './load.ts';

/** Writes numbers by step into TensorBoard's event files. */
export interface Summaries {
  scalar(name: string, value: number, step: number): void;
  /** Makes what was written visible to TensorBoard; call it at the end as well. */
  flush(): void;
}

/** What tfjs-node adds to `tf`; TensorFlow itself writes the files. */
interface NodeTensorFlow {
  readonly node?: { summaryFileWriter(folder: string): Summaries };
}

/** A new event file in `folder`. Undefined without native TensorFlow, which alone can write them. */
export function openSummaries(tf: TensorFlow, folder: string): Summaries | undefined {
  return (tf as TensorFlow & NodeTensorFlow).node?.summaryFileWriter(folder);
}
