import path from 'node:path';
import { listModels, resolveModel } from '../../catalogue/catalogue.ts';
import { loadWeights, type ModelFile, readModelFile } from '../../formats/model-file.ts';
import { type Dataset, loadDataset } from '../../training/datasets.ts';
import { floatArrays } from '../../training/result.ts';
import type { OpenedModel, TrainingTask } from '../../training/task.ts';
import { loadTask } from '../../training/tasks.ts';

export interface OpenedForMeasuring {
  readonly file: ModelFile;
  readonly task: TrainingTask;
  readonly dataset: Dataset;
  readonly model: OpenedModel;
}

/**
 * A model that can be trained here, with the text it is measured on.
 * @param name a model id (an own model goes before a shipped one), or the path of a model folder
 * @param data a text of the person's own instead of the model's data
 * @throws AppError UNKNOWN_MODEL, FILE_*, DATASET_UNAVAILABLE
 */
export async function openForMeasuring(name: string, data?: string): Promise<OpenedForMeasuring> {
  const folder = await folderOf(name);
  const file = await readModelFile(folder);
  const task = await loadTask(file.engine);
  const dataset = await loadDataset(task.dataset, data === undefined ? {} : { file: data });
  const weights = floatArrays(await loadWeights(folder));
  // A fine-tuned model may know more characters than the text has, or than its base.
  const model = await task.open({ text: dataset.text, weights, vocabulary: file.vocabulary });
  return { file, task, dataset, model };
}

async function folderOf(name: string): Promise<string> {
  if (name.includes('/') || name.includes(path.sep)) return path.resolve(name);
  const found = (await listModels()).findLast(({ id }) => id === name);
  if (!found) await loadTask(name); // its error names the models that can be measured
  return (await resolveModel(found?.engine || name, name)).path;
}
