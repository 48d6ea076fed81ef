/**
 * Adapters: what a fine-tune adds to another model's matrices, kept apart from them as products of two thin ones
 * (LoRA; Hu et al., 2021). The matrix `<name>` (O, I) becomes `<name>` + `<name>.up` (O, r) × `<name>.down` (r, I).
 */
import { AppError } from '../errors.ts';

type Matrices = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Names of the two thin matrices beside a matrix. */
export function adapterNames(name: string): { readonly down: string; readonly up: string } {
  return { down: `${name}.down`, up: `${name}.up` };
}

/** Names of the matrices that an adapter changes. */
export function adaptedNames(adapter: Iterable<string>): string[] {
  return Array.from(adapter).flatMap((name) => (name.endsWith('.up') ? [name.slice(0, -'.up'.length)] : []));
}

/**
 * The base's matrices with the adapter's products added; what the adapter leaves alone is passed through.
 * @throws AppError FILE_INVALID when the two do not fit together
 */
export function mergeAdapter(base: Matrices, adapter: Matrices): Matrices {
  const merged = new Map(base);
  for (const name of adaptedNames(adapter.keys())) {
    const names = adapterNames(name);
    const [matrix, up, down] = [base.get(name), adapter.get(names.up), adapter.get(names.down)];
    const [outputs, inputs] = matrix?.shape ?? [];
    const rank = up?.shape[1];
    const fits = String(up?.shape) === `${outputs},${rank}` && String(down?.shape) === `${rank},${inputs}`;
    if (!matrix || !up || !down || !fits) {
      const shapes = [matrix, up, down].map((one) => `(${one?.shape ?? 'none'})`).join(', ');
      throw new AppError(
        'FILE_INVALID',
        `The adapter of "${name}" does not fit: matrix, up, down ${shapes}.`,
        {
          hint: 'The adapter belongs to another model. Fine-tune again.',
        },
      );
    }
    const data = matrix.data.slice();
    for (let o = 0; o < outputs!; o++) {
      const row = data.subarray(o * inputs!, (o + 1) * inputs!);
      for (let k = 0; k < rank!; k++) {
        const factor = up.data[o * rank! + k]!;
        const thin = down.data.subarray(k * inputs!, (k + 1) * inputs!);
        for (let i = 0; i < row.length; i++) row[i]! += factor * thin[i]!;
      }
    }
    merged.set(name, { shape: matrix.shape, data });
  }
  return merged;
}
