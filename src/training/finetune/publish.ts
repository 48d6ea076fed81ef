import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { userPaths } from '../../paths.ts';
import { runFiles } from '../run-folder.ts';

/**
 * Puts the model of a finished run among the person's own, with its log for `/curve`. Nobody sees half of it: it
 * is copied under a hidden name and renamed.
 * @returns the model's folder
 */
export async function publishModel(
  folder: string,
  name: string,
  models: string = userPaths().models,
): Promise<string> {
  const target = path.join(models, name);
  const copy = path.join(models, `.${name}.${process.pid}`);
  await mkdir(models, { recursive: true });
  await rm(copy, { recursive: true, force: true });
  await cp(runFiles(folder).model, copy, { recursive: true });
  await cp(runFiles(folder).log, path.join(copy, 'log.jsonl'));
  await rm(target, { recursive: true, force: true });
  await rename(copy, target);
  return target;
}
