/** From what a person asks for to a run that fine-tunes: reads the base and the text, and settles both. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRef } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { readModelFile } from '../../formats/model-file.ts';
import { userPaths } from '../../paths.ts';
import { type RunConfig, type RunRequest, resolveRunConfig } from '../run-config.ts';
import { createRun, runFiles } from '../run-folder.ts';
import { parseNames } from '../splits.ts';
import type { BaseModel, FinetuneTask } from '../task.ts';
import { loadFinetune, trainableEngines } from '../tasks.ts';
import {
  findUnknown,
  normaliseText,
  settleUnknown,
  type UnknownPolicy,
  type UnknownReport,
} from './characters.ts';

export interface FinetuneRequest {
  readonly base: ModelRef;
  /** File of the person's text. */
  readonly on: string;
  /** Trains an adapter beside the base instead of all of it. */
  readonly lora: boolean;
  /** Id of the model that comes out; default: the base's and the file's names. */
  readonly name?: string;
  readonly settings: RunRequest;
}

/** A fine-tune that is not begun yet: what the person is to know and to decide. */
export interface PreparedFinetune {
  readonly name: string;
  /** What the model does not know of the text. */
  readonly unknown: UnknownReport;
  /** What may be done about it. */
  readonly policies: readonly UnknownPolicy[];
  /**
   * Makes the run's folder.
   * @throws AppError TEXT_UNKNOWN_CHARACTERS, INVALID_SETTING, FILE_INVALID for a text that is too short
   */
  create(policy: UnknownPolicy): Promise<string>;
}

/** Fewer characters than this make no two windows and a held-out tenth. */
const leastText = 1000;

/** @throws AppError FILE_NOT_FOUND, FILE_INVALID, UNKNOWN_MODEL, INVALID_SETTING, USAGE */
export async function prepareFinetune(request: FinetuneRequest): Promise<PreparedFinetune> {
  const { base, on, lora, settings } = request;
  if (base.path.endsWith('.gguf') || base.path === '') {
    throw new AppError('ENGINE_UNSUPPORTED', `${base.id} is not a model that is trained here.`, {
      hint: `Fine-tuning starts from a model of ${trainableEngines().join(', ')}.`,
    });
  }
  const file = await readModelFile(base.path);
  const source = path.basename(on);
  const name = checkName(request.name ?? defaultName(base.id, source), request.name !== undefined);
  const describe = (added: readonly string[]): BaseModel => ({
    file,
    weights: new Map(), // read by the training process
    vocabulary: [...file.vocabulary, ...added],
    name,
    source,
    adapter: lora,
  });
  const task = await loadFinetune(describe([]));
  if (lora) checkAdapter(task, file.adapter !== undefined, base.id);

  const text = normaliseText(await readText(on));
  const known = alphabetOf(task, file.vocabulary);
  const growing = task.dataset === 'shakespeare' && !lora;
  const policies: UnknownPolicy[] = ['drop', 'replace', ...(growing ? (['extend'] as const) : [])];
  return {
    name,
    unknown: findUnknown(text, known),
    policies,
    async create(policy) {
      if (policy === 'extend' && !growing) {
        throw new AppError(
          'INVALID_SETTING',
          lora
            ? 'An adapter has no rows for new characters.'
            : `${file.engine} knows the letters of names only, and learns no others.`,
          { hint: `Choose --unknown drop or replace${lora ? ', or fine-tune without --lora.' : '.'}` },
        );
      }
      const settled = settleUnknown(text, known, policy, policies);
      const written = task.dataset === 'names' ? withoutEmptyLines(settled.text) : settled.text;
      checkLength(written, task);
      const config: RunConfig = {
        ...resolveRunConfig(task, {
          ...settings,
          ...fitToText(task, written, settings, file.contextLength),
          recipe: lora ? 'lora' : 'finetune',
          dataFile: 'text.txt',
        }),
        finetune: {
          base: base.id,
          path: base.path,
          sha256: file.weights.sha256,
          added: [...settled.added],
          source,
        },
      };
      const folder = await createRun(config);
      await writeFileAtomic(runFiles(folder).text, written);
      return folder;
    },
  };
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AppError('FILE_NOT_FOUND', `The text ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('FILE_INVALID', `The text ${file} is not UTF-8.`, { cause });
  }
}

/** The characters that a text may hold. In a list of names the stop token's is not one; line ends part the names. */
function alphabetOf({ dataset }: FinetuneTask, vocabulary: readonly string[]): ReadonlySet<string> {
  return new Set(dataset === 'names' ? ['\n', ...'abcdefghijklmnopqrstuvwxyz'] : vocabulary);
}

function checkAdapter(task: FinetuneTask, isAdapter: boolean, base: string): void {
  if (!task.recipes.lora) {
    throw new AppError('INVALID_SETTING', `${base} is too small for an adapter: it has no wide matrices.`, {
      hint: 'Leave out --lora.',
    });
  }
  if (isAdapter) {
    throw new AppError('INVALID_SETTING', `${base} is an adapter itself; one cannot stand on another.`, {
      hint: 'Leave out --lora: then a whole model is made from it.',
    });
  }
}

function checkLength(text: string, { dataset }: FinetuneTask): void {
  if (dataset === 'names') {
    parseNames(text);
    return;
  }
  const length = Array.from(text).length;
  if (length >= leastText) return;
  throw new AppError('FILE_INVALID', `The text has ${length} characters; at least ${leastText} are needed.`, {
    hint: 'A tenth is held out to measure on, and the rest is to be read several times.',
  });
}

function withoutEmptyLines(text: string): string {
  return `${text
    .split('\n')
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

/**
 * Steps and evaluations for a text's length, where the person said nothing: a longer text is read twice, up to ten
 * times the recipe's steps, and measured so seldom that it takes a small part of the time.
 */
function fitToText(
  { recipes }: FinetuneTask,
  text: string,
  settings: RunRequest,
  contextLength: number,
): Pick<RunRequest, 'steps' | 'hyper'> {
  const { steps, evalEvery } = recipes.finetune;
  const { batchSize } = recipes.finetune as { batchSize?: { value: number } };
  if (!batchSize) return {};
  const given = settings.hyper ?? {};
  const size = typeof given['batchSize'] === 'number' ? given['batchSize'] : batchSize.value;
  // A window of a text gives a prediction at each place, a window of a name one.
  const tokensPerStep = size * (contextLength > 100 ? contextLength : 1);
  const twice = Math.ceil((2 * text.length) / tokensPerStep);
  const seldom = Math.ceil(text.length / 10 / tokensPerStep);
  return {
    ...(settings.steps === undefined && settings.minutes === undefined
      ? { steps: Math.max(steps.value, Math.min(twice, 10 * steps.value)) }
      : {}),
    hyper: { evalEvery: Math.max(evalEvery.value, seldom), ...given },
  };
}

/** For example `gpt-recipes`; with a number when there is one already. */
function defaultName(base: string, source: string): string {
  const stem = path
    .parse(source)
    .name.normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  const name = `${base}-${stem || 'text'}`;
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(path.join(userPaths().models, candidate))) return candidate;
  }
}

function checkName(name: string, given: boolean): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    throw new AppError('INVALID_SETTING', `A model cannot be called ${JSON.stringify(name)}.`, {
      hint: 'A name has lower-case letters, digits, ".", "_" and "-".',
    });
  }
  if (given && existsSync(path.join(userPaths().models, name))) {
    throw new AppError('INVALID_SETTING', `You have a model called ${name} already.`, {
      hint: `Choose another --name, or remove it: babble models rm ${name}`,
    });
  }
  return name;
}
