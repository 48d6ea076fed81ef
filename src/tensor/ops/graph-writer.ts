import { createRequire } from 'node:module';
import {
  type Attributes,
  type DType,
  dtypeNumbers,
  type Handle,
  type RecordedOp,
  type Runtime,
  servingTag,
} from './runtime.ts';

/** TensorFlow's own messages (tensorflow/core/protobuf/saved_model.proto), as protoc made them for TensorFlow.js. */
const messages = createRequire(import.meta.url)('@tensorflow/tfjs-node/dist/proto/api_pb.js');

/** The version of TensorFlow's operations that are used here; later TensorFlows go on reading earlier ones. */
const graphVersion = 1000;

/** Of an axis, in a TensorShape. */
const unknownSize = -1;

type AttributeMessages = Readonly<Record<string, object>>;

/** Turns recorded operations into a SavedModel's bytes. */
export class GraphWriter {
  readonly #runtime: Runtime;
  readonly #graph = new messages.GraphDef();
  /** Handle id → `node:output`. */
  readonly #names = new Map<number, string>();
  #count = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const versions = new messages.VersionDef();
    versions.setProducer(graphVersion);
    this.#graph.setVersions(versions);
  }

  /** A tensor that every run is given, of any length along `anyLength`. @returns its name */
  input(handle: Handle, anyLength?: number): string {
    const shape = handle.shape.map((size, axis) => (axis === anyLength ? unknownSize : size));
    const attributes = { dtype: typeOf(handle.dtype), shape: attribute('Shape', shapeOf(shape)) };
    return this.#named(handle, this.#node('Placeholder', [], attributes));
  }

  add({ name, inputs, attributes, outputs }: RecordedOp): void {
    const sources = inputs.map((input) => this.nameOf(input));
    const entries = Object.entries(attributes).map(([key, value]) => [key, attributeOf(value)]);
    const node = this.#node(name, sources, Object.fromEntries(entries));
    for (const [i, output] of outputs.entries()) this.#named(output, node, i);
  }

  /** The name of a tensor; one that no operation made is written down as a constant. */
  nameOf(handle: Handle): string {
    return this.#names.get(handle.id) ?? this.#named(handle, this.#constant(handle));
  }

  savedModel(): Uint8Array {
    const info = new messages.MetaGraphDef.MetaInfoDef();
    info.addTags(servingTag);
    const meta = new messages.MetaGraphDef();
    meta.setMetaInfoDef(info);
    meta.setGraphDef(this.#graph);
    const model = new messages.SavedModel();
    model.setSavedModelSchemaVersion(1);
    model.addMetaGraphs(meta);
    return model.serializeBinary();
  }

  #constant(handle: Handle): string {
    // TensorFlow.js reads float32 and int32 only: what else there is, masks' bytes, is written as a cast of float32.
    const exact = handle.dtype === 'float32' || handle.dtype === 'int32';
    const dtype = exact ? handle.dtype : 'float32';
    const data = exact ? this.#runtime.readShared(handle) : this.#runtime.read(handle);
    const tensor = new messages.Tensor();
    tensor.setDtype(dtypeNumbers[dtype]);
    tensor.setTensorShape(shapeOf(handle.shape));
    tensor.setTensorContent(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
    const node = this.#node('Const', [], { dtype: typeOf(dtype), value: attribute('Tensor', tensor) });
    if (exact) return node;
    return this.#node('Cast', [`${node}:0`], { SrcT: typeOf(dtype), DstT: typeOf(handle.dtype) });
  }

  #named(handle: Handle, node: string, output = 0): string {
    const name = `${node}:${output}`;
    this.#names.set(handle.id, name);
    return name;
  }

  #node(op: string, inputs: readonly string[], attributes: AttributeMessages): string {
    const name = `n${this.#count++}`;
    const node = new messages.NodeDef();
    node.setName(name);
    node.setOp(op);
    node.setInputList([...inputs]);
    for (const [key, value] of Object.entries(attributes)) node.getAttrMap().set(key, value);
    this.#graph.addNode(node);
    return name;
  }
}

function shapeOf(shape: readonly number[]): object {
  const message = new messages.TensorShape();
  for (const size of shape) {
    const dimension = new messages.TensorShape.Dim();
    dimension.setSize(size);
    message.addDim(dimension);
  }
  return message;
}

const typeOf = (dtype: DType): object => attribute('Type', dtypeNumbers[dtype]);

function attributeOf(value: Attributes[string]): object {
  if (typeof value === 'string') return typeOf(value);
  if (typeof value === 'boolean') return attribute('B', value);
  return typeof value === 'number' ? attribute('I', value) : attribute('F', value.float);
}

function attribute(kind: 'Type' | 'B' | 'I' | 'F' | 'Shape' | 'Tensor', value: unknown): object {
  const message = new messages.AttrValue();
  message[`set${kind}`](value);
  return message;
}
