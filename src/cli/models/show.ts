import { statSync } from 'node:fs';
import path from 'node:path';
import { ggufFileName } from '../../catalogue/gguf-model.ts';
import { findEngine } from '../../engines/registry.ts';
import { describeModel } from '../../formats/gguf/model.ts';
import { readGguf } from '../../formats/gguf/read.ts';
import { readModelFile } from '../../formats/model-file.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';
import { findModel } from './find.ts';

/** `babble models show`: the header of a GGUF file or the model.json of a folder, and the memory it takes. */
export async function showCommand(name: string, { json }: { json?: boolean }): Promise<void> {
  const { ref, engine } = await findModel(name);
  const facts = engine === 'llama' ? ggufFacts(ref.path) : await folderFacts(ref.path);
  const { factory } = await findEngine(engine).load();
  const fit = await factory.probe(ref);
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

function ggufFacts(place: string): Record<string, unknown> {
  const file = statSync(place).isDirectory() ? path.join(place, ggufFileName) : place;
  const { chatTemplate, split, ...model } = describeModel(readGguf(file));
  return {
    ...model,
    chatTemplate: chatTemplate === undefined ? 'none' : `${chatTemplate.length} characters`,
    files: split.count,
  };
}

async function folderFacts(folder: string): Promise<Record<string, unknown>> {
  const { vocabulary, architecture, recipe, losses, weights, ...facts } = await readModelFile(folder);
  return {
    ...facts,
    vocabSize: vocabulary.length,
    architecture: safeJson(architecture),
    losses: safeJson(losses),
    weights: `${weights.bytes} bytes, sha256 ${weights.sha256}`,
  };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
