/**
 * TensorFlow's eager operations with nothing in between. TensorFlow.js knows no bfloat16 and keeps every
 * intermediate of a gradient alive; this layer speaks to the same native binding, in any dtype, and frees
 * memory by scopes. Handles live outside TensorFlow.js's own bookkeeping: `numHandles` counts them.
 */
import { AppError } from '../../errors.ts';
import type { TensorFlow } from '../index.ts';

export type DType = 'float32' | 'bfloat16' | 'int32' | 'bool' | 'uint8' | 'uint64';

/** A tensor inside TensorFlow. Immutable; valid until its scope ends or `free`. */
export interface Handle {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** An attribute of an operation, as the binding takes it. */
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

interface Binding {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
  getNumOfTensors(): number;
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): { id: number; shape: number[]; dtype: number }[];
  deleteSavedModel(session: number): void;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
}

/** One operation, as it was run. */
export interface RecordedOp {
  readonly name: string;
  readonly inputs: readonly Handle[];
  readonly attributes: Attributes;
  readonly outputs: readonly Handle[];
}

/** TensorFlow's numbers for dtypes (tensorflow/core/framework/types.proto). */
export const dtypeNumbers: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  bfloat16: 14,
  uint64: 23,
};
const dtypeNames = new Map(Object.entries(dtypeNumbers).map(([name, number]) => [number, name as DType]));

/** The tag of a SavedModel's graph. */
export const servingTag = 'serve';

/** The native binding below TensorFlow.js. @throws AppError TENSORFLOW_UNAVAILABLE on another backend. */
function bindingOf(tf: TensorFlow): Binding {
  const { binding } = tf.backend() as unknown as { binding?: Binding };
  if (binding?.executeOp) return binding;
  throw new AppError(
    'TENSORFLOW_UNAVAILABLE',
    `This model needs native TensorFlow; the backend here is "${tf.getBackend()}".`,
    { hint: 'Run `npm run setup` to prepare native TensorFlow.' },
  );
}

/** Constants are shared by all runtimes: each of those that a decoder makes for itself would leave its own behind. */
const constantsOf = new WeakMap<Binding, Map<string, Handle>>();

export class Runtime {
  readonly #binding: Binding;
  /** Handles by scope, innermost last; the outermost holds what lives until `free`. */
  readonly #scopes: Map<number, Handle>[] = [new Map()];
  readonly #constants: Map<string, Handle>;
  #onOp: ((op: RecordedOp) => void) | undefined;

  constructor(tf: TensorFlow) {
    this.#binding = bindingOf(tf);
    this.#constants = constantsOf.get(this.#binding) ?? new Map();
    constantsOf.set(this.#binding, this.#constants);
  }

  /** Every tensor alive in TensorFlow: handles, constants and TensorFlow.js's own. */
  get numHandles(): number {
    return this.#binding.getNumOfTensors();
  }

  /** Runs `body` and frees every handle made inside, except those it passed to `keep`. */
  scope<T>(body: () => T): T {
    const made = new Map<number, Handle>();
    this.#scopes.push(made);
    try {
      return body();
    } finally {
      this.#scopes.pop();
      for (const id of made.keys()) this.#binding.deleteTensor(id);
    }
  }

  /** Whether a handle was made in the innermost scope. */
  owns(handle: Handle): boolean {
    return this.#scopes.at(-1)!.has(handle.id);
  }

  /** Moves a handle of the innermost scope to the scope around it; others stay where they are. */
  keep(handle: Handle): Handle {
    const inner = this.#scopes.at(-1)!;
    if (this.#scopes.length > 1 && inner.delete(handle.id)) this.#scopes.at(-2)!.set(handle.id, handle);
    return handle;
  }

  /** Moves a handle to the outermost scope: it lives until `free`. */
  keepForever(handle: Handle): Handle {
    for (const scope of this.#scopes) scope.delete(handle.id);
    this.#scopes[0]!.set(handle.id, handle);
    return handle;
  }

  /** Frees handles early. Freeing one twice does nothing. */
  free(...handles: readonly (Handle | undefined)[]): void {
    for (const handle of handles) {
      if (handle && this.#scopes.some((scope) => scope.delete(handle.id))) {
        this.#binding.deleteTensor(handle.id);
      }
    }
  }

  /** One operation with one output. `attributes` as `T: 'float32'`: the value's type tells the attribute's. */
  op(name: string, inputs: readonly Handle[], attributes: Attributes = {}): Handle {
    return this.ops(name, inputs, attributes, 1)[0]!;
  }

  ops(name: string, inputs: readonly Handle[], attributes: Attributes, outputs: number): Handle[] {
    const ids = inputs.map(({ id }) => id);
    const results = this.#binding.executeOp(name, this.#encode(attributes), ids, outputs);
    const made = results.map((result) => this.#ownResult(result));
    this.#tell({ name, inputs, attributes, outputs: made });
    return made;
  }

  /** Runs `body` and tells of every operation in it, as soon as it has run. What `onOp` does itself is not told. */
  record<T>(onOp: (op: RecordedOp) => void, body: () => T): T {
    this.#onOp = onOp;
    try {
      return body();
    } finally {
      this.#onOp = undefined;
    }
  }

  #tell(op: RecordedOp): void {
    const onOp = this.#onOp;
    this.#onOp = undefined;
    onOp?.(op);
    this.#onOp = onOp;
  }

  /** Opens a folder with a SavedModel in it. @returns its session, for `runGraph` and `closeGraph` */
  openGraph(folder: string): number {
    return this.#binding.loadSavedModel(folder, servingTag);
  }

  /** Names as `node:output`, joined by commas. */
  runGraph(session: number, inputs: readonly Handle[], inputNames: string, outputNames: string): Handle[] {
    const ids = inputs.map(({ id }) => id);
    const results = this.#binding.runSavedModel(session, ids, inputNames, outputNames);
    return results.map((result) => this.#ownResult(result));
  }

  closeGraph(session: number): void {
    this.#binding.deleteSavedModel(session);
  }

  /** Copies data into TensorFlow. */
  tensor(data: Float32Array | Int32Array, shape: readonly number[]): Handle {
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    return this.#own({ id: this.#binding.createTensor(shape, dtypeNumbers[dtype], data), shape, dtype });
  }

  /** A small integer tensor (shape, axis, permutation), made once and shared. */
  ints(values: readonly number[] | number): Handle {
    const shape = typeof values === 'number' ? [] : [values.length];
    return this.constant(`i${JSON.stringify(values)}`, () =>
      this.tensor(Int32Array.from([values].flat() as number[]), shape),
    );
  }

  /** A scalar, made once and shared: for numbers that repeat, not for learning rates. */
  scalar(value: number, dtype: DType = 'float32'): Handle {
    return this.constant(`${dtype}${value}`, () => this.freshScalar(value, dtype));
  }

  freshScalar(value: number, dtype: DType = 'float32'): Handle {
    const integer = dtype !== 'float32' && dtype !== 'bfloat16';
    const made = this.tensor(integer ? Int32Array.of(value) : Float32Array.of(value), []);
    if (made.dtype === dtype) return made;
    return this.op('Cast', [made], { SrcT: made.dtype, DstT: dtype });
  }

  /** Copies data out of TensorFlow; waits for it. */
  read(handle: Handle): Float32Array<ArrayBuffer> {
    const float = handle.dtype === 'float32';
    const source = float ? handle : this.op('Cast', [handle], { SrcT: handle.dtype, DstT: 'float32' });
    // The binding's array shares TensorFlow's memory: copy before the handle goes.
    const data = (this.#binding.tensorDataSync(source.id) as Float32Array).slice();
    if (!float) this.free(source);
    return data;
  }

  /** Copies a float32 tensor's data into an array of its size. Quicker than `read` for what is read each step. */
  readInto(handle: Handle, target: Float32Array): void {
    target.set(this.readShared(handle));
  }

  /** A float32 or int32 tensor's data as it is, valid only as long as the handle. */
  readShared(handle: Handle): Float32Array {
    return this.#binding.tensorDataSync(handle.id) as Float32Array;
  }

  /** A tensor that never changes: made once, shared by all runtimes, never freed. The key says all it depends on. */
  constant(key: string, make: () => Handle): Handle {
    let constant = this.#constants.get(key);
    if (!constant) {
      constant = this.keepForever(make());
      this.#constants.set(key, constant);
    }
    return constant;
  }

  #ownResult({ id, shape, dtype }: { id: number; shape: number[]; dtype: number }): Handle {
    return this.#own({ id, shape, dtype: dtypeNames.get(dtype)! });
  }

  #own(handle: Handle): Handle {
    this.#scopes.at(-1)!.set(handle.id, handle);
    return handle;
  }

  #encode(attributes: Attributes): readonly Attribute[] {
    const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT, TF_ATTR_FLOAT } = this.#binding;
    return Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'string') return { name, type: TF_ATTR_TYPE, value: dtypeNumbers[value] };
      if (typeof value === 'boolean') return { name, type: TF_ATTR_BOOL, value };
      if (typeof value === 'number') return { name, type: TF_ATTR_INT, value };
      return { name, type: TF_ATTR_FLOAT, value: value.float };
    });
  }
}

/** Attribute values: a dtype, a flag, an integer, or a float wrapped to tell it from an integer. */
export type Attributes = Readonly<Record<string, DType | boolean | number | { readonly float: number }>>;
