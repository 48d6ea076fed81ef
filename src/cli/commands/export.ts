import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import { resolveModel } from '../../catalogue/catalogue.ts';
import { ggufFileName } from '../../catalogue/gguf-model.ts';
import { AppError } from '../../errors.ts';
import { writeLlamaFile } from '../../formats/gguf/llama-file.ts';
import { type Quantization, quantizations } from '../../formats/gguf/quantize.ts';
import { loadWeights, readModelFile } from '../../formats/model-file.ts';
import { createCommand } from '../options.ts';

interface ExportOptions {
  readonly gguf?: boolean;
  readonly quantize: Quantization;
  readonly output?: string;
}

/** `babble export tiny-llama --gguf`: the toy LLaMA as a file for llama.cpp. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('export', 'Write a model trained here in a format that others read.')
    .argument('<model>', 'id or folder of a model of the engine tiny-llama')
    .option('--gguf', 'as GGUF, for llama.cpp (the only format so far)')
    .addOption(new Option('--quantize <type>', 'type of the matrices').choices(quantizations).default('q8_0'))
    .option('-o, --output <file>', 'file to write; default: <model>.<type>.gguf here');
  command.action(async (name: string, options: ExportOptions) => {
    if (!options.gguf) throw new AppError('USAGE', 'Say the format: --gguf.');
    const { id, path: folder } = await resolveModel('tiny-llama', name);
    const description = await readModelFile(folder);
    const file = path.resolve(options.output ?? `${id}.${options.quantize}.gguf`);
    if (file === path.join(folder, ggufFileName)) {
      throw new AppError('USAGE', `${ggufFileName} in the model's own folder would hide its weights.`);
    }
    await mkdir(path.dirname(file), { recursive: true });
    const bytes = await writeLlamaFile(file, description, await loadWeights(folder), options.quantize);
    process.stdout.write(`${file}: ${bytes} bytes, ${options.quantize}\n`);
  });
  await command.parseAsync(args, { from: 'user' });
  return 0;
}
