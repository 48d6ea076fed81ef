/**
 * The one door to TensorFlow: nothing outside `src/tensor` imports it. Call `loadTensorFlow()` once, pass
 * its `tf` down, and take types (`Tensor2D`, `Variable` …) from here. Importing this file loads nothing.
 */
export type {
  DataType,
  NamedTensorMap,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorInfo,
  TypedArray,
  Variable,
} from '@tensorflow/tfjs';
export { type LoadedTensorFlow, loadTensorFlow, type TensorFlow } from './load.ts';
