import { loadFloats, type StoredTensor } from '../../formats/safetensors.ts';
import type { InspectReport, InspectView } from '../engine.ts';

/** The views that not every model has. */
export type InspectViews = {
  readonly [Type in Exclude<InspectView['type'], 'next-token' | 'surprise'>]?: (
    view: Extract<InspectView, { type: Type }>,
  ) => InspectReport | Promise<InspectReport>;
};

/** Every weight tensor's values, for histograms. */
export function weightsReport(tensors: ReadonlyMap<string, StoredTensor>): InspectReport {
  const series = [...tensors].map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    values: loadFloats(tensor),
  }));
  return { type: 'histogram', title: 'Weights', series };
}

/**
 * How alike the tokens' vectors are: the cosine between each two, negative ones as 0.
 * @param vectors row-major (V, C)
 */
export function similarityReport(
  title: string,
  labels: readonly string[],
  vectors: Float32Array,
): InspectReport {
  const width = vectors.length / labels.length;
  const rows = labels.map((_, row) => vectors.subarray(row * width, (row + 1) * width));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const norms = rows.map((row) => Math.sqrt(dot(row, row)));
  const values = new Float32Array(labels.length ** 2);
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      // A vector of zeros is like nothing, not even itself.
      const scale = norms[i]! * norms[j]! || 1;
      values[i * labels.length + j] = Math.max(0, dot(a, b) / scale);
    }
  }
  return { type: 'matrix', title, rowLabels: labels, columnLabels: labels, values };
}

/**
 * Layers in a row, each with its output's shape.
 * @param shapes of every parameter; a layer holds those whose names begin with one of its `holds`
 */
export function chainReport(
  title: string,
  layers: readonly { readonly label: string; readonly shape: string; readonly holds?: readonly string[] }[],
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
): InspectReport {
  const sizes = Array.from(shapes, ([name, shape]) => ({ name, size: shape.reduce((a, b) => a * b, 1) }));
  const nodes = layers.map(({ label, shape, holds }, index) => {
    const id = String(index);
    if (!holds) return { id, label, shape };
    const held = sizes.filter(({ name }) => holds.some((beginning) => name.startsWith(beginning)));
    return { id, label, shape, parameterCount: held.reduce((sum, { size }) => sum + size, 0) };
  });
  const edges = nodes.slice(1).map((_, index) => ({ from: String(index), to: String(index + 1) }));
  return { type: 'graph', title, nodes, edges };
}
