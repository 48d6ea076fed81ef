/**
 * PyTorch's CPU random number generator: MT19937 and the spare normal value it keeps between calls.
 * The same seed gives the same numbers as `torch.Generator().manual_seed(seed)`, bit for bit.
 * Source: Matsumoto and Nishimura, "Mersenne Twister" (1998).
 */

const size = 624;
const shift = 397;
/** The 624 words, the place of the next one, a flag and the two halves of the spare normal value. */
const stateLength = size + 4;

export class TorchGenerator {
  readonly #words = new Uint32Array(size);
  #next = size;
  #spareNormal: number | undefined;

  /** @param seed any safe integer; as in PyTorch, its low 32 bits count. */
  constructor(seed: number) {
    this.manualSeed(seed);
  }

  manualSeed(seed: number): void {
    const words = this.#words;
    words[0] = seed; // storing into a Uint32Array takes the low 32 bits
    for (let i = 1; i < size; i++) {
      const previous = words[i - 1]! ^ (words[i - 1]! >>> 30);
      words[i] = Math.imul(1_812_433_253, previous) + i;
    }
    this.#next = size;
    this.#spareNormal = undefined;
  }

  /** An integer from [0, 2^32). */
  uint32(): number {
    if (this.#next === size) this.#twist();
    let word = this.#words[this.#next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  /** An integer from [0, 2^64); the first 32-bit output is the high half. */
  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  /** A float32 from [0, 1) with 24 random bits, as `torch.rand(1)`. */
  uniformFloat(): number {
    return (this.uint32() & 0xff_ffff) / 2 ** 24;
  }

  /** A double from [0, 1) with 53 random bits, as `torch.rand(1, dtype=torch.float64)`. */
  uniformDouble(): number {
    const high = this.uint32() & 0x1f_ffff;
    return (high * 2 ** 32 + this.uint32()) / 2 ** 53;
  }

  /** A standard normal double by Box and Muller's transform, which makes two: one is kept for the next call. */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    const angle = 2 * Math.PI * this.uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniformDouble()));
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** All that decides the numbers to come, for a checkpoint. (628) */
  getState(): Uint32Array {
    const state = new Uint32Array(stateLength);
    state.set(this.#words);
    const view = new DataView(state.buffer, 4 * size);
    view.setUint32(0, this.#next, true);
    if (this.#spareNormal !== undefined) {
      view.setUint32(4, 1, true);
      view.setFloat64(8, this.#spareNormal, true);
    }
    return state;
  }

  /** @throws RangeError for anything but a state that `getState` gave. */
  setState(state: Uint32Array): void {
    const [next, hasSpare] = state.subarray(size);
    if (state.length !== stateLength || next! > size || hasSpare! > 1) {
      throw new RangeError('Not the state of a TorchGenerator.');
    }
    this.#words.set(state.subarray(0, size));
    this.#next = next!;
    this.#spareNormal =
      hasSpare === 1
        ? new DataView(state.buffer, state.byteOffset + 4 * size).getFloat64(8, true)
        : undefined;
  }

  #twist(): void {
    const words = this.#words;
    for (let i = 0; i < size; i++) {
      const joined = (words[i]! & 0x8000_0000) | (words[(i + 1) % size]! & 0x7fff_ffff);
      words[i] = words[(i + shift) % size]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908_b0df : 0);
    }
    this.#next = 0;
  }
}
