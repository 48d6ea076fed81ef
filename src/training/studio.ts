/** What a front end that trains needs of this room. To be imported late: it brings the tasks with it. */
import path from 'node:path';
import { type RunRequest, resolveRunConfig, runRequestSchema } from './run-config.ts';
import { createRun, findRun } from './run-folder.ts';
import { loadTask } from './tasks.ts';

export { describePolicies, describeUnknown, unknownPolicies } from './finetune/characters.ts';
export { prepareFinetune } from './finetune/prepare.ts';

/** A run as a person knows it. */
export interface NamedRun {
  readonly id: string;
  readonly folder: string;
  /** Of the model that comes out. */
  readonly model: string;
}

/**
 * Makes a run that trains a model from its first weights.
 * @throws AppError UNKNOWN_MODEL, INVALID_SETTING, USAGE
 */
export async function createTraining(model: string, request: RunRequest): Promise<NamedRun> {
  const config = resolveRunConfig(await loadTask(model), runRequestSchema.parse(request));
  return named(await createRun(config), config.model);
}

/** An earlier run by its id, else the newest. @throws AppError USAGE */
export async function findTraining(run: string | undefined): Promise<NamedRun> {
  const { folder, config } = await findRun({ run });
  return named(folder, config.model);
}

/** The run in a folder. */
export function named(folder: string, model: string): NamedRun {
  return { id: path.basename(folder), folder, model };
}
