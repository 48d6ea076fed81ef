import { z } from 'zod';
import { AppError } from '../errors.ts';
import { type HyperParameters, hyperOf, type RecipeName, type TrainingTask } from './task.ts';

const hyperValue = z.union([z.number(), z.string(), z.boolean()]);

/** A run's settings, complete: together with the code and the data they give the result. `run.json` holds them. */
export const runConfigSchema = z.object({
  model: z.string().min(1),
  recipe: z.enum(['classic', 'best']),
  seed: z.int().nonnegative(),
  /** Wall-clock budget in minutes, instead of `hyper.steps`. */
  minutes: z.number().positive().optional(),
  /** Every hyper-parameter of the recipe, changes included. */
  hyper: z.record(z.string(), hyperValue),
  /** A text of the person's own, instead of the model's dataset. */
  dataFile: z.string().optional(),
  /** Seconds between checkpoints. */
  checkpointSeconds: z.number().nonnegative(),
  /** Show samples at every evaluation. */
  samples: z.boolean(),
  createdAt: z.string(),
});

export type RunConfig = z.infer<typeof runConfigSchema>;

/** What a person may ask for, from flags or a file. Absent: the recipe's value. */
export const runRequestSchema = z.strictObject({
  recipe: z.enum(['classic', 'best']).optional(),
  seed: z.int().nonnegative().optional(),
  steps: z.int().positive().optional(),
  minutes: z.number().positive().optional(),
  /** Hyper-parameters by name, over the recipe's. */
  hyper: z.record(z.string(), hyperValue).optional(),
  dataFile: z.string().optional(),
  checkpointSeconds: z.number().nonnegative().optional(),
  samples: z.boolean().optional(),
});

export type RunRequest = z.infer<typeof runRequestSchema>;

/** Completes a request with the task's recipe. @throws AppError INVALID_SETTING, USAGE */
export function resolveRunConfig(task: TrainingTask, request: RunRequest): RunConfig {
  if (request.steps !== undefined && request.minutes !== undefined) {
    throw new AppError('USAGE', 'A run has a budget of steps or of minutes, not both.', {
      hint: 'Leave out --steps or --minutes.',
    });
  }
  const recipe: RecipeName = request.recipe ?? (task.recipes.best ? 'best' : 'classic');
  const chosen = task.recipes[recipe];
  if (!chosen) {
    throw new AppError('INVALID_SETTING', `${task.model} has only the recipe classic, not ${recipe}.`);
  }
  const hyper: Record<string, number | string | boolean> = { ...hyperOf(chosen) };
  const changes = { ...request.hyper, ...(request.steps === undefined ? {} : { steps: request.steps }) };
  for (const [name, value] of Object.entries(changes)) {
    const known = Object.hasOwn(hyper, name) ? hyper[name] : undefined;
    if (typeof known !== typeof value) {
      throw new AppError(
        'INVALID_SETTING',
        known === undefined
          ? `${task.model} has no hyper-parameter "${name}". Known: ${Object.keys(hyper).join(', ')}.`
          : `The hyper-parameter ${name} takes a ${typeof known}, not ${JSON.stringify(value)}.`,
      );
    }
    hyper[name] = value;
  }
  return {
    model: task.model,
    recipe,
    seed: request.seed ?? 1337,
    ...(request.minutes === undefined ? {} : { minutes: request.minutes }),
    hyper,
    ...(request.dataFile === undefined ? {} : { dataFile: request.dataFile }),
    checkpointSeconds: request.checkpointSeconds ?? 30,
    samples: request.samples ?? true,
    createdAt: new Date().toISOString(),
  };
}

/** The hyper-parameters as the task's own type; `resolveRunConfig` has checked names and types. */
export function hyperParameters(config: RunConfig): HyperParameters {
  return config.hyper as unknown as HyperParameters;
}
