import { AppError } from '../errors.ts';
import { readBase } from './finetune/base.ts';
import type { RunConfig } from './run-config.ts';
import type { BaseModel, FinetuneTask, Task, TrainingTask } from './task.ts';

/** What an engine's train.ts gives. */
interface Trainable {
  readonly task: TrainingTask;
  finetune(base: BaseModel): FinetuneTask;
}

/** Model id, which is its engine's → its engine's train.ts, imported when asked for. */
const tasks: Readonly<Record<string, () => Promise<Trainable>>> = {
  gpt: () => import('../engines/gpt/train.ts'),
  'tiny-llama': () => import('../engines/tiny-llama/train.ts'),
  'bigram-count': async () => {
    const { countTask, finetuneCount } = await import('../engines/bigram/train.ts');
    return { task: countTask, finetune: finetuneCount };
  },
  'bigram-grad': async () => {
    const { gradTask, finetuneGrad } = await import('../engines/bigram/train.ts');
    return { task: gradTask, finetune: finetuneGrad };
  },
  mlp: () => import('../engines/mlp/train.ts'),
  wavenet: () => import('../engines/wavenet/train.ts'),
};

/** Ids of the models that can be trained, which are their engines' too. */
export function trainableEngines(): readonly string[] {
  return Object.keys(tasks);
}

/** @throws AppError UNKNOWN_MODEL with the known ids. */
export async function loadTask(model: string): Promise<TrainingTask> {
  return (await loadTrainable(model)).task;
}

/** The fine-tuning of a base. @throws AppError UNKNOWN_MODEL when its engine is not one that is trained here. */
export async function loadFinetune(base: BaseModel): Promise<FinetuneTask> {
  return (await loadTrainable(base.file.engine)).finetune(base);
}

/** What a run trains. @throws AppError FILE_NOT_FOUND, FILE_CHECKSUM, FILE_INVALID of a base */
export async function loadTaskOf(config: RunConfig): Promise<Task> {
  return config.finetune ? loadFinetune(await readBase(config)) : loadTask(config.model);
}

async function loadTrainable(model: string): Promise<Trainable> {
  const load = Object.hasOwn(tasks, model) ? tasks[model] : undefined;
  if (load) return load();
  throw new AppError(
    'UNKNOWN_MODEL',
    `No model called "${model}" can be trained. Known: ${trainableEngines().join(', ')}.`,
    {
      hint: 'Choose one of the known models.',
    },
  );
}
