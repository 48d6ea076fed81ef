import { type CatalogueModel, listModels, resolveModel } from '../../catalogue/catalogue.ts';
import type { ModelRef } from '../../engines/engine.ts';

/** A model by id or path, with the engine that runs it. @throws AppError UNKNOWN_MODEL */
export async function findModel(
  name: string,
): Promise<{ ref: ModelRef; engine: string; entry: CatalogueModel | undefined }> {
  const entry = (await listModels()).findLast(({ id }) => id === name);
  const engine = entry === undefined || entry.error ? 'llama' : entry.engine;
  return { ref: await resolveModel(engine, name), engine, entry };
}
