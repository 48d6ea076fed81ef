import { type DType, type Handle, Runtime } from './runtime.ts';

/** The operations that the models use, by TensorFlow's names for them. Shapes broadcast as in NumPy. */
export class Eager extends Runtime {
  add(a: Handle, b: Handle): Handle {
    return this.op('AddV2', [a, b], { T: a.dtype });
  }

  sub(a: Handle, b: Handle): Handle {
    return this.op('Sub', [a, b], { T: a.dtype });
  }

  mul(a: Handle, b: Handle | number): Handle {
    const factor = typeof b === 'number' ? this.scalar(b, a.dtype) : b;
    return this.op('Mul', [a, factor], { T: a.dtype });
  }

  div(a: Handle, b: Handle): Handle {
    return this.op('RealDiv', [a, b], { T: a.dtype });
  }

  /** `x` itself when it has the dtype already. */
  cast(x: Handle, dtype: DType): Handle {
    return x.dtype === dtype ? x : this.op('Cast', [x], { SrcT: x.dtype, DstT: dtype });
  }

  /** Shares memory with `x`. */
  reshape(x: Handle, shape: readonly number[]): Handle {
    return this.op('Reshape', [x, this.ints(shape)], { T: x.dtype, Tshape: 'int32' });
  }

  transpose(x: Handle, permutation: readonly number[]): Handle {
    return this.op('Transpose', [x, this.ints(permutation)], { T: x.dtype, Tperm: 'int32' });
  }

  /** (M, K) × (K, N) → (M, N); `transposeA`: a is (K, M); `transposeB`: b is (N, K). */
  matMul(a: Handle, b: Handle, transposeA = false, transposeB = false): Handle {
    return this.op('MatMul', [a, b], { T: a.dtype, transpose_a: transposeA, transpose_b: transposeB });
  }

  /** The same over leading axes: (…, M, K) × (…, K, N) → (…, M, N). */
  batchMatMul(a: Handle, b: Handle, transposeA = false, transposeB = false): Handle {
    return this.op('BatchMatMulV2', [a, b], { T: a.dtype, adj_x: transposeA, adj_y: transposeB });
  }

  sum(x: Handle, axes: readonly number[], keepDims = false): Handle {
    return this.op('Sum', [x, this.ints(axes)], { T: x.dtype, Tidx: 'int32', keep_dims: keepDims });
  }

  mean(x: Handle, axes: readonly number[], keepDims = false): Handle {
    return this.op('Mean', [x, this.ints(axes)], { T: x.dtype, Tidx: 'int32', keep_dims: keepDims });
  }

  /** An operation of one input: 'Softmax', 'Rsqrt', 'Square', 'Relu', 'Sigmoid', 'Sqrt' … */
  unary(name: string, x: Handle): Handle {
    return this.op(name, [x], { T: x.dtype });
  }

  /** Rows of `table` (V, C) by `ids` (N) → (N, C). */
  gather(table: Handle, ids: Handle): Handle {
    const attributes = { Tparams: table.dtype, Tindices: ids.dtype, Taxis: 'int32', batch_dims: 0 } as const;
    return this.op('GatherV2', [table, ids, this.ints(0)], attributes);
  }

  /** The parts of `x` along its first axis, sharing its memory: (n, …) → n × (…). */
  unstack(x: Handle): Handle[] {
    const [num] = x.shape;
    return this.ops('Unpack', [x], { T: x.dtype, num: num!, axis: 0 }, num!);
  }

  /** n × (…) → (n, …). */
  stack(parts: readonly Handle[]): Handle {
    return this.op('Pack', parts, { T: parts[0]!.dtype, N: parts.length, axis: 0 });
  }

  concat(parts: readonly Handle[], axis: number): Handle {
    // TensorFlow wants at least two.
    if (parts.length === 1) return this.reshape(parts[0]!, parts[0]!.shape);
    const attributes = { T: parts[0]!.dtype, N: parts.length, Tidx: 'int32' } as const;
    return this.op('ConcatV2', [...parts, this.ints(axis)], attributes);
  }

  slice(x: Handle, begin: readonly number[], size: readonly number[]): Handle {
    return this.op('Slice', [x, this.ints(begin), this.ints(size)], { T: x.dtype, Index: 'int32' });
  }
}
