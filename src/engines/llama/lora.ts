import { AppError } from '../../errors.ts';
import { readGguf } from '../../formats/gguf/read.ts';
import type { GgufFile, GgufTensorInfo } from '../../formats/gguf/types.ts';

/** A LoRA adapter (Hu et al. 2021): low-rank changes of some of a model's matrices. */
export interface Adapter {
  readonly file: GgufFile;
  /** 0 is the model alone, 1 the adapter as it was trained. */
  readonly scale: number;
}

const mostScale = 1000;
/** Types that llama.cpp multiplies by. */
const usable: ReadonlySet<string> = new Set([
  ...['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0'],
]);

/**
 * Opens the adapters that a setting names and checks each against the model, before native code sees it.
 * @param setting `path` or `path=scale` or `path:scale`, separated by commas
 * @throws AppError FILE_NOT_FOUND; GGUF_INVALID: no adapter, or one for another model; INVALID_SETTING
 */
export function openAdapters(
  setting: string,
  architecture: string,
  model: readonly GgufFile[],
): readonly Adapter[] {
  const tensors = new Map(model.flatMap((part) => part.tensors).map((tensor) => [tensor.name, tensor]));
  return setting
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, path = '', scaleText = '1'] = /^(.*?)(?:[=:](-?[\d.]+))?$/.exec(part) ?? [];
      const scale = Number(scaleText);
      if (!(Math.abs(scale) <= mostScale)) {
        throw new AppError('INVALID_SETTING', `The scale of the adapter ${path} is ${scaleText}.`);
      }
      const file = readGguf(path);
      checkAdapter(file, architecture, tensors);
      return { file, scale };
    });
}

function checkAdapter(
  file: GgufFile,
  architecture: string,
  model: ReadonlyMap<string, GgufTensorInfo>,
): void {
  expectText(file, 'general.type', 'adapter');
  expectText(file, 'adapter.type', 'lora');
  expectText(file, 'general.architecture', architecture);
  if ((file.metadata.get('adapter.lora.alpha')?.type ?? 'float32') !== 'float32') {
    throw invalid(file, 'its adapter.lora.alpha is no 32-bit float');
  }
  const own = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
  if (own.size === 0) throw invalid(file, 'it has no tensors');
  for (const { name, type } of file.tensors) {
    if (name.endsWith('_norm.weight')) continue; // llama.cpp ignores changes to norms
    if (!usable.has(type.name)) throw invalid(file, `its tensor ${name} is ${type.name}`);
    const [, base] = /^(.+)[.]lora_[ab]$/.exec(name) ?? [];
    if (base === undefined) throw invalid(file, `its tensor ${name} ends in neither .lora_a nor .lora_b`);
    const [target, a, b] = [model.get(base), own.get(`${base}.lora_a`), own.get(`${base}.lora_b`)];
    if (target === undefined) throw invalid(file, `the model has no tensor ${base}`);
    if (a === undefined || b === undefined) throw invalid(file, `half of its change to ${base} is missing`);
    if (!fits(target, a, b)) {
      const shapes = [target, a, b].map(({ shape }) => shape.join('×'));
      throw invalid(file, `${base} is ${shapes[0]} in the model, its change is ${shapes[1]} by ${shapes[2]}`);
    }
  }
}

/**
 * a (in, r) and b (r, out) change a matrix (in, out); to token embeddings they are a (r, vocabulary) and
 * b (r, out). A third axis counts experts.
 */
function fits({ name, shape }: GgufTensorInfo, { shape: a }: GgufTensorInfo, { shape: b }: GgufTensorInfo) {
  const [width, height, experts = 1] = shape;
  if ((a[2] ?? 1) !== experts || (b[2] ?? 1) !== experts) return false;
  if (name === 'token_embd.weight') return width === b[1] && height === a[1] && a[0] === b[0];
  return width === a[0] && height === b[1] && a[1] === b[0];
}

function expectText(file: GgufFile, key: string, expected: string): void {
  const entry = file.metadata.get(key);
  const found = entry?.type === 'string' ? entry.value : undefined;
  if (found !== expected) {
    throw invalid(
      file,
      `its ${key} is ${JSON.stringify(found ?? null)}, expected ${JSON.stringify(expected)}`,
    );
  }
}

function invalid(file: GgufFile, what: string): AppError {
  return new AppError('GGUF_INVALID', `${file.path} is no LoRA adapter for this model: ${what}.`);
}
