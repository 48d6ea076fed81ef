import type { ParameterShapes, Weights } from '../../tensor/ops/parameters.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';

/** Normal with deviation 0.02 for matrices and embeddings, as in GPT-2; biases 0; weights of norms 1. */
export function initialWeights(
  shapes: ParameterShapes,
  seed: number,
  isZero: (name: string) => boolean,
): Weights {
  const generator = new TorchGenerator(seed);
  return new Map(
    [...shapes].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
      if (shape.length > 1) {
        if (!isZero(name)) data.set(randn(generator, data.length).map((value) => 0.02 * value));
      } else if (name.endsWith('.weight')) data.fill(1);
      return [name, { shape, data }];
    }),
  );
}
