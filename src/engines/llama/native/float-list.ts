/** float-list.wat, assembled: float-list.test.ts compares them and says how to do it anew. */
export const assembled =
  'AGFzbQEAAAABCAFgA39/fQF/AwIBAAUDAQABBxYCBm1lbW9yeQIACW5leHRBYm92ZQAACoEBAX8CAXsBfyAC/RMhAyABQcAAayEEAkADQCAAIARKDQEgAP0ABAAgA/1EIAD9AAQQIAP9RP1QIAD9AAQgIAP9RCAA/QAEMCAD/UT9UP1Q/VMNASAAQcAAaiEADAALCwJAA0AgACABTg0BIAAqAgAgAl4NASAAQQRqIQAMAAsLIAAL';

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}

interface Exports {
  readonly memory: Memory;
  nextAbove(at: number, end: number, bound: number): number;
}

/** What is used of it: Node's types leave it out, and a browser's would bring all of its globals. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Exports };
};

const pageBytes = 65_536;
const floatBytes = 4;

/**
 * A copy of a list of floats that is quickly searched, by sixteen at a time. JavaScript looks at one at a time,
 * which takes several times as long, and a vocabulary's logits are searched for each token that is drawn.
 */
export class FloatList {
  readonly #memory: Memory;
  readonly #nextAbove: Exports['nextAbove'];
  #values = new Float32Array();
  #length = 0;

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
    const { memory, nextAbove } = new WebAssembly.Instance(module).exports;
    this.#memory = memory;
    this.#nextAbove = nextAbove;
  }

  set(values: Float32Array): void {
    if (values.length > this.#values.length) this.#makeRoom(values.length);
    this.#values.set(values);
    this.#length = values.length;
  }

  /** Index of the first value from `start` on that is larger than `bound`; the list's length if there is none. */
  nextAbove(bound: number, start: number): number {
    return this.#nextAbove(floatBytes * start, floatBytes * this.#length, bound) / floatBytes;
  }

  #makeRoom(length: number): void {
    const missing = floatBytes * length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#values = new Float32Array(this.#memory.buffer);
  }
}
