/** The end of a run: the best weights, rounded as shipped, measured over whole splits, in a model folder. */
import { cp } from 'node:fs/promises';
import { type ModelDescription, writeModelFolder } from '../formats/model-file.ts';
import { loadFloats, type StoredTensor, storeFloats } from '../formats/safetensors.ts';
import { readBest } from './checkpoint.ts';
import type { RunConfig } from './run-config.ts';
import { runFiles } from './run-folder.ts';
import type { NamedArray, NamedArrays, Task, TrainingSession } from './task.ts';

interface RunParts {
  readonly task: Task;
  readonly folder: string;
  readonly config: RunConfig;
  readonly text: string;
}

/**
 * Measures the weights of the best evaluation and writes `<run>/model`.
 * @returns the losses by split.
 */
export async function writeResult(
  run: RunParts & { readonly bestStep: number },
): Promise<Record<string, number>> {
  const { task, folder, config, text, bestStep } = run;
  const stored = storedWeights(task, await readBest(folder, bestStep));
  using model = await task.open({ text, weights: floatArrays(stored) });
  const losses: Record<string, number> = {};
  for (const split of task.splits) losses[split] = (await model.evaluate(split)).loss;

  const { parameterCount } = model;
  const description = { ...describeRun(run, bestStep), parameterCount, losses };
  const texts = await model.sample({ count: 10, seed: config.seed });
  const sample = texts.join('\n');
  await writeModelFolder(runFiles(folder).model, description, stored, card(description, sample));
  return losses;
}

/** Writes `<run>/snapshot`: the model in the midst of training, as a folder that an engine loads. */
export async function writeSnapshot(
  run: RunParts & {
    readonly step: number;
    readonly session: Pick<TrainingSession, 'weights' | 'parameterCount'>;
  },
): Promise<void> {
  const { task, folder, session, step } = run;
  const { parameterCount } = session;
  const description = { ...describeRun(run, step), parameterCount, losses: {} };
  await writeModelFolder(runFiles(folder).snapshot, description, storedWeights(task, session.weights()));
}

function storedWeights(task: Task, weights: NamedArrays): ReadonlyMap<string, StoredTensor> {
  const dtype = task.weightsDtype ?? 'F32';
  return new Map(
    [...weights].map(([name, { shape, data }]): [string, StoredTensor] => [
      name,
      storeFloats(Float32Array.from(data), shape, dtype),
    ]),
  );
}

/** What model.json says of a run's model besides its size and losses. */
function describeRun(
  { task, config, text }: RunParts,
  bestStep: number,
): Omit<ModelDescription, 'parameterCount' | 'losses'> {
  const facts = task.describe(text);
  return {
    ...facts,
    trainedOn: config.dataFile === undefined || config.finetune ? facts.trainedOn : 'a text of one’s own',
    id: task.model,
    recipe: {
      name: config.recipe,
      ...(config.finetune ? { base: config.finetune.base, text: config.finetune.source } : {}),
      seed: config.seed,
      bestStep,
      ...config.hyper,
    },
  };
}

/** Copies a finished run's model to where the person wants it. */
export async function copyResult(folder: string, target: string): Promise<void> {
  await cp(runFiles(folder).model, target, { recursive: true });
}

/** Stored weights as the float arrays that `TrainingTask.open` takes. */
export function floatArrays(tensors: ReadonlyMap<string, StoredTensor>): NamedArrays {
  return new Map(
    [...tensors].map(([name, tensor]): [string, NamedArray] => [
      name,
      { shape: tensor.shape, data: loadFloats(tensor) },
    ]),
  );
}

/** A model card: the model folder's README.md. */
function card(model: ModelDescription, sample: string): string {
  const table = (heading: string, values: Readonly<Record<string, string | number | boolean>>) =>
    [
      `| ${heading} | |`,
      '|---|---|',
      ...Object.entries(values).map(([name, v]) => `| ${name} | ${v} |`),
    ].join('\n');
  const losses = Object.fromEntries(
    Object.entries(model.losses).map(([split, loss]) => [split, loss.toFixed(4)]),
  );
  const { base, text, name } = model.recipe;
  const command =
    base === undefined
      ? `babble train ${model.id} --recipe ${name}`
      : `babble finetune ${base} --on ${text}${name === 'lora' ? ' --lora' : ''}`;
  return `# ${model.id}

${model.description} ${model.parameterCount.toLocaleString('en')} parameters, context ${model.contextLength}, vocabulary ${model.vocabulary.length}.

Trained by babble on ${model.trainedOn}. License: ${model.license}.

${table('mean loss over the whole split', losses)}

Nats a token; \`babble eval ${model.id}${base === undefined ? '' : ' --data <text>'}\` measures them again from these weights.${describeChoice(model.losses)}

${table('architecture', model.architecture)}

${table('recipe', model.recipe)}

Made again by \`${command} --seed ${model.recipe['seed']}\`${base === undefined ? '' : ', with `--set` for the numbers above that were changed'}.

## A sample (seed ${model.recipe['seed']})

\`\`\`
${sample.trimEnd()}
\`\`\`

## Limits

A toy model for learning: it knows its training text and nothing else. What it writes may repeat that text or resemble real names.
`;
}

/** Which splits had a say in what ships. */
function describeChoice(losses: Readonly<Record<string, number>>): string {
  if (losses['val'] === undefined) return '';
  const test = losses['test'] === undefined ? '' : '; the test split was looked at once, at the end';
  return ` The best step was chosen by the validation loss alone${test}.`;
}
