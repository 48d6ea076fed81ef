import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { partNames, readModel } from '../formats/gguf/split.ts';

/** The name of the weights in the folder of a GGUF model; a split model has `model-00001-of-0000N.gguf` and so on. */
export const ggufFileName = 'model.gguf';

/** The names of a model's files once installed, by how many there are. */
export function ggufFileNames(count: number): readonly string[] {
  const first = `model-00001-of-${String(count).padStart(5, '0')}.gguf`;
  return count === 1 ? [ggufFileName] : partNames(first)!;
}

/** The file of a GGUF model's folder that names it to llama.cpp, the first of a split one; undefined when there is none. */
export function ggufFileOf(folder: string): string | undefined {
  const whole = path.join(folder, ggufFileName);
  if (existsSync(whole)) return whole;
  const first = names(folder).find((name) => /^model-00001-of-\d{5}[.]gguf$/.test(name));
  return first === undefined ? undefined : path.join(folder, first);
}

/** What a list says of a GGUF model, from its header. @throws AppError GGUF_INVALID, FILE_NOT_FOUND */
export function describeGguf(file: string) {
  const { model } = readModel(file);
  const kind = model.chatTemplate === undefined ? 'completes texts' : 'chats';
  return {
    engine: 'llama',
    description: `${model.name ?? model.architecture}, ${model.quantization}, ${kind}`,
    parameterCount: model.parameterCount,
    contextLength: model.contextLength,
    trainedOn: '',
    license: model.license ?? '',
    losses: {},
  };
}

/** The Jinja template by which a GGUF model (its folder or file) takes messages; undefined when it has none. */
export function chatTemplateOf(modelPath: string): string | undefined {
  const file = modelPath.endsWith('.gguf') ? modelPath : ggufFileOf(modelPath);
  return file === undefined ? undefined : readModel(file).model.chatTemplate;
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
