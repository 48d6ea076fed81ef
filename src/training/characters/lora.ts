/**
 * Low-rank adaptation: the model stands still, and beside every matrix inside it a product of two thin ones is
 * trained. Hu et al., "LoRA: low-rank adaptation of large language models" (2021).
 */
import { adapterNames } from '../../formats/adapter.ts';
import type { Eager } from '../../tensor/ops/eager.ts';
import { type ParameterShapes, Parameters, type Weights } from '../../tensor/ops/parameters.ts';
import type { DType } from '../../tensor/ops/runtime.ts';
import { rand, TorchGenerator } from '../../tensor/random/index.ts';
import type { CharacterNetwork } from './network.ts';

/**
 * Freezes a model's parameters and puts adapters beside its hidden matrices. The paper's scale α / r is left out:
 * under Adam it is the same as another learning rate.
 * @returns the adapters: all there is to train
 */
export function attachAdapters(
  e: Eager,
  parameters: Parameters,
  network: CharacterNetwork,
  options: { rank: number; seed: number; dtype: DType },
): Parameters {
  const shapes = adapterShapes(network, options.rank);
  const adapters = new Parameters(e, shapes, firstAdapters(shapes, options.seed), options.dtype);
  for (const parameter of parameters.all) {
    parameter.frozen = true;
    if (!network.isHidden(parameter.name)) continue;
    const { down, up } = adapterNames(parameter.name);
    parameter.adapter = { down: adapters.get(down), up: adapters.get(up) };
  }
  return adapters;
}

/** down (r, I) and up (O, r) for every hidden matrix (O, I). */
function adapterShapes(network: CharacterNetwork, rank: number): ParameterShapes {
  const hidden = [...network.shapes].filter(([name]) => network.isHidden(name));
  return new Map(
    hidden.flatMap(([name, [outputs, inputs]]): [string, number[]][] => {
      const { down, up } = adapterNames(name);
      return [
        [down, [rank, inputs!]],
        [up, [outputs!, rank]],
      ];
    }),
  );
}

/** down uniform within ±1/√I, up 0: the first step is the base's own. */
function firstAdapters(shapes: ParameterShapes, seed: number): Weights {
  const generator = new TorchGenerator(seed);
  return new Map(
    Array.from(shapes, ([name, shape]) => {
      const [rows, columns] = shape as [number, number];
      const data = new Float32Array(rows * columns);
      if (name.endsWith('.down')) {
        data.set(rand(generator, data.length).map((value) => (2 * value - 1) / Math.sqrt(columns)));
      }
      return [name, { shape, data }];
    }),
  );
}
