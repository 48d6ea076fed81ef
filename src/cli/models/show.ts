import path from 'node:path';
import { findModel } from '../../catalogue/catalogue.ts';
import { readSourceRecord } from '../../catalogue/source-record.ts';
import { createEngineClient } from '../../engines/host/client.ts';
import { readModel } from '../../formats/gguf/split.ts';
import { readModelFile } from '../../formats/model-file.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';

/** `babble models show`: the header of a GGUF file or the model.json of a folder, and the memory it takes. */
export async function showCommand(name: string, { json }: { json?: boolean }): Promise<void> {
  const { ref, engine } = await findModel(name);
  const facts = engine === 'llama' ? await ggufFacts(ref.path) : await folderFacts(ref.path);
  await using client = createEngineClient({ engine, model: ref, idleMs: 0 });
  const fit = await client.probe();
  if (json) {
    process.stdout.write(`${safeJson({ id: ref.id, engine, path: ref.path, ...facts, fit })}\n`);
    return;
  }
  const rows = Object.entries({ id: ref.id, engine, path: ref.path, ...facts }).map(([key, value]) => [
    key,
    String(value ?? ''),
  ]);
  const memory = [
    ...fit.needs.map(({ what, bytes }) => [what, megabytes(bytes)]),
    ['free now', megabytes(fit.freeBytes)],
  ];
  process.stdout.write(
    `${formatTable(['', ''], rows).trimStart()}\n${formatTable(['memory', ''], memory, { alignRight: [1] })}`,
  );
  process.stdout.write(fit.fits ? 'It fits.\n' : `It does not fit. ${fit.advice ?? ''}\n`);
}

async function ggufFacts(first: string): Promise<Record<string, unknown>> {
  const { file, model, parts } = readModel(first);
  const { chatTemplate, split, ...facts } = model;
  const source = await readSourceRecord(path.dirname(first));
  const types = Map.groupBy(
    parts.flatMap(({ tensors }) => tensors),
    ({ type }) => type.name,
  );
  const tokenizer = file.metadata.get('tokenizer.ggml.model');
  return {
    ...facts,
    license: model.license ?? source?.license ?? 'not told',
    tensors: [...types].map(([type, { length }]) => `${length} × ${type}`).join(', '),
    tokenizer: tokenizer?.type === 'string' ? tokenizer.value : 'unknown',
    chatTemplate: chatTemplate === undefined ? 'none' : `${chatTemplate.length} characters`,
    files: split.count,
    ...(source && {
      source: source.ref,
      sha256: source.files.map(({ sha256 }) => sha256).join(', '),
    }),
  };
}

async function folderFacts(folder: string): Promise<Record<string, unknown>> {
  const { vocabulary, architecture, recipe, losses, weights, adapter, ...facts } =
    await readModelFile(folder);
  return {
    ...facts,
    vocabSize: vocabulary.length,
    architecture: safeJson(architecture),
    losses: safeJson(losses),
    ...(adapter && { adapter: `of ${adapter.base} with weights of sha256 ${adapter.sha256}` }),
    weights: `${weights.bytes} bytes, sha256 ${weights.sha256}`,
  };
}

const megabytes = (bytes: number) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
