/** largest.wat, assembled; largest.test.ts compares them. */
export const assembled =
  'AGFzbQEAAAABCQFgBH9/f38BfwMCAQAFAwEAAQcUAgZtZW1vcnkCAAdsYXJnZXN0AAAKtAIBsQIFAn8BfQJ/AX0BeyAAQcAAayEEQwAAgP8hCSAJ/RMhCgJAA0ACQANAIAUgBEoNASAF/QAEACAK/UQgBf0ABBAgCv1E/VAgBf0ABCAgCv1EIAX9AAQwIAr9RP1Q/VD9Uw0BIAVBwABqIQUMAAsLAkADQCAFIABODQMgBSoCACEGIAYgCV4NASAFQQRqIQUMAAsLIAcgA0kEQCAHQQRqIQcLIAdBBGshCAJAA0AgCEUNASACIAhBBGtqKgIAIAZgDQEgAiAIaiACIAhBBGtqKgIAOAIAIAEgCGogASAIQQRraigCADYCACAIQQRrIQgMAAsLIAIgCGogBjgCACABIAhqIAVBAnY2AgAgByADRgRAIAIgA0EEa2oqAgAhCSAJ/RMhCgsgBUEEaiEFDAALCyAHCw==';

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}

interface Exports {
  readonly memory: Memory;
  largest(end: number, ids: number, floats: number, room: number): number;
}

/** What is used of it: Node's types leave it out, and a browser's would bring all of its globals. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Exports };
};

const module = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
const { memory, largest: findLargest } = new WebAssembly.Instance(module).exports;
/** All of the memory. */
let floats = new Float32Array(memory.buffer);
let ids = new Int32Array(memory.buffer);

const pageFloats = 16_384;
const floatBytes = 4;

/**
 * Ids of the `count` largest logits, largest first, equal ones in the order of their ids. NaN and -Infinity are
 * left out. Meant for a small `count`: it takes one pass, with an insertion for each that gets in.
 *
 * In WebAssembly, which compares sixteen at a time, on a copy of the logits: JavaScript takes up to twice
 * as long between two evaluations, of which this is the longest part.
 * @param logits (V)
 */
export function largest(logits: Float32Array, count: number): Int32Array {
  const { length } = logits;
  const room = Math.min(count, length);
  makeRoom(length + 2 * room);
  floats.set(logits);
  const bytes = (places: number) => floatBytes * places;
  const filled = findLargest(bytes(length), bytes(length), bytes(length + room), bytes(room));
  return ids.slice(length, length + filled / floatBytes);
}

function makeRoom(size: number): void {
  if (size <= floats.length) return;
  memory.grow(Math.ceil((size - floats.length) / pageFloats));
  floats = new Float32Array(memory.buffer);
  ids = new Int32Array(memory.buffer);
}
