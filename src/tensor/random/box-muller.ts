/**
 * Box and Muller's transform of uniform numbers to normal ones in float32, as PyTorch's CPU kernel for
 * 16 values and more computes it: logarithm, sine and cosine by Cephes' polynomials with fused
 * multiply-adds. Spelled out because another logarithm would differ in the last bit.
 * Sources: Box and Muller (1958); S. Moshier's Cephes library (coefficients).
 */

const round = Math.fround;
/** a × b + c with one rounding: the product of two float32 is exact in a double. */
const fma = (a: number, b: number, c: number): number => round(a * b + c);

/** Coefficients, highest power first, rounded to float32. */
const coefficients = (...values: number[]): Float32Array => Float32Array.from(values);
const logarithm = coefficients(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);
const sine = coefficients(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);
const cosine = coefficients(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);
/** π/4 and ln 2 in parts that float32 holds without error. */
const quarterPi = coefficients(0.78515625, 2.4187564849853516e-4, 3.774894977445941e-8);
const ln2 = coefficients(0.693359375, -2.1219444e-4);
const fourOverPi = round(4 / Math.PI);
const twoPi = round(2 * Math.PI);
const sqrtHalf = round(Math.SQRT1_2);

/** Turns 16 uniform values into 16 normal ones in place: value i is paired with value i + 8. */
export function boxMuller16(values: Float32Array, offset: number): void {
  for (let i = offset; i < offset + 8; i++) {
    const radius = round(Math.sqrt(round(-2 * log(round(1 - values[i]!)))));
    const angle = round(twoPi * values[i + 8]!);
    const { sin, cos } = sinCos(angle);
    values[i] = radius * cos;
    values[i + 8] = radius * sin;
  }
}

function polynomial(terms: Float32Array, x: number): number {
  let sum = terms[0]!;
  for (let i = 1; i < terms.length; i++) sum = fma(sum, x, terms[i]!);
  return sum;
}

const word = new DataView(new ArrayBuffer(4));

/** Natural logarithm of a positive float32. */
function log(value: number): number {
  // value = fraction × 2^exponent, fraction in [√½, √2); then a polynomial around 1.
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  let exponent = (bits >>> 23) - 126;
  word.setUint32(0, (bits & 0x7f_ffff) | 0x3f00_0000);
  let x = word.getFloat32(0);
  if (x < sqrtHalf) {
    exponent -= 1;
    x *= 2;
  }
  x = round(x - 1);
  const square = round(x * x);
  let y = round(polynomial(logarithm, x) * x);
  y = fma(y, square, round(exponent * ln2[1]!));
  y = fma(-0.5, square, y);
  return fma(exponent, ln2[0]!, round(x + y));
}

/** Of a float32 angle from [0, 2π]. */
function sinCos(angle: number): { sin: number; cos: number } {
  // The nearest even multiple of π/4 is taken off; what is left lies within ±π/4.
  const octant = (Math.trunc(round(angle * fourOverPi)) + 1) & ~1;
  let x = angle;
  for (const part of quarterPi) x = fma(-octant, part, x);
  const square = round(x * x);
  const c = round(fma(round(polynomial(cosine, square) * square), square, round(-0.5 * square)) + 1);
  const s = fma(round(polynomial(sine, square) * square), x, x);
  switch (octant & 6) {
    case 0:
      return { sin: s, cos: c };
    case 2:
      return { sin: c, cos: -s };
    case 4:
      return { sin: -s, cos: -c };
    default:
      return { sin: -c, cos: s };
  }
}
