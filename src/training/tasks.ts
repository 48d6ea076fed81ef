import { AppError } from '../errors.ts';
import type { TrainingTask } from './task.ts';

/** Model id → its engine's train.ts, imported when asked for. */
const tasks: Readonly<Record<string, () => Promise<{ task: TrainingTask }>>> = {
  gpt: () => import('../engines/gpt/train.ts'),
  'tiny-llama': () => import('../engines/tiny-llama/train.ts'),
  'bigram-count': async () => ({ task: (await import('../engines/bigram/train.ts')).countTask }),
  'bigram-grad': async () => ({ task: (await import('../engines/bigram/train.ts')).gradTask }),
  mlp: () => import('../engines/mlp/train.ts'),
  wavenet: () => import('../engines/wavenet/train.ts'),
};

/** Ids that `babble train` and `babble eval` take. */
function listTasks(): readonly string[] {
  return Object.keys(tasks);
}

/** @throws AppError UNKNOWN_MODEL with the known ids. */
export async function loadTask(model: string): Promise<TrainingTask> {
  const load = Object.hasOwn(tasks, model) ? tasks[model] : undefined;
  if (load) return (await load()).task;
  throw new AppError(
    'UNKNOWN_MODEL',
    `No model called "${model}" can be trained. Known: ${listTasks().join(', ')}.`,
    {
      hint: 'Choose one of the known models.',
    },
  );
}
