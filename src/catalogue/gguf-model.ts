import path from 'node:path';
import { describeModel } from '../formats/gguf/model.ts';
import { readGguf } from '../formats/gguf/read.ts';

/** The name of the weights in the folder of a GGUF model. */
export const ggufFileName = 'model.gguf';

/** What a list says of a GGUF model, from its header. @throws AppError GGUF_INVALID, FILE_NOT_FOUND */
export function describeGgufFolder(folder: string) {
  const model = describeModel(readGguf(path.join(folder, ggufFileName)));
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
