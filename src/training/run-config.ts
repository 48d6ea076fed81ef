import { z } from 'zod';
import { AppError } from '../errors.ts';
import { type HyperParameters, hyperOf, type RecipeName, type Task } from './task.ts';

const hyperValue = z.union([z.number(), z.string(), z.boolean()]);
const recipeName = z.enum(['classic', 'best', 'finetune', 'lora'] satisfies readonly RecipeName[]);

/** A run's settings, complete: together with the code and the data they give the result. `run.json` holds them. */
export const runConfigSchema = z.object({
  model: z.string().min(1),
  recipe: recipeName,
  seed: z.int().nonnegative(),
  /** Wall-clock budget in minutes, instead of `hyper.steps`. */
  minutes: z.number().positive().optional(),
  /** Every hyper-parameter of the recipe, changes included. */
  hyper: z.record(z.string(), hyperValue),
  /** A text of the person's own, instead of the model's dataset; its path may begin at the run's folder. */
  dataFile: z.string().optional(),
  /** What the run starts from, when that is a finished model. */
  finetune: z
    .object({
      base: z.string(),
      /** Folder of the base. */
      path: z.string(),
      /** Of the base's weights. */
      sha256: z.string(),
      /** Characters that the model learns besides the base's. */
      added: z.array(z.string()),
      /** Name of the person's text. */
      source: z.string(),
    })
    .optional(),
  /** Seconds between checkpoints. */
  checkpointSeconds: z.number().nonnegative(),
  /** Show samples at every evaluation. */
  samples: z.boolean(),
  createdAt: z.string(),
});

export type RunConfig = z.infer<typeof runConfigSchema>;

/** What a person may ask for, from flags or a file. Absent: the recipe's value. */
export const runRequestSchema = z.strictObject({
  recipe: recipeName.optional(),
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
export function resolveRunConfig(task: Task, request: RunRequest): RunConfig {
  if (request.steps !== undefined && request.minutes !== undefined) {
    throw new AppError('USAGE', 'A run has a budget of steps or of minutes, not both.', {
      hint: 'Leave out --steps or --minutes.',
    });
  }
  const known = Object.keys(task.recipes) as RecipeName[];
  const recipe = request.recipe ?? (known.includes('best') ? 'best' : known[0]!);
  const chosen = task.recipes[recipe];
  if (!chosen) {
    throw new AppError(
      'INVALID_SETTING',
      `${task.model} has no recipe ${recipe}. Its recipes: ${known.join(', ')}.`,
    );
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
