/**
 * A bigram model: one row of a table for the token before gives the next token's distribution. 27 × 27 =
 * 729 numbers, found in two ways: by counting pairs (`bigram-count`), or by gradient descent on the logits of
 * the same table (`bigram-grad`), which ends at almost the same place.
 * Train: `babble train bigram-count`, `babble train bigram-grad`. Lecture: A. Karpathy, "Building makemore".
 */
import type { CompletionModel } from '../shared/completion-engine.ts';
import { slidingContext } from '../shared/sliding-context.ts';

/** What a table's rows and columns stand for. */
export type Tokens = Pick<CompletionModel, 'vocabulary' | 'startTokenId' | 'stopTokenId'>;

/** A table of numbers by (token before, next token), row-major. (V, V) */
export type Table = Float32Array;

/** Goes on from a token by its row of probabilities. */
export function bigramModel(tokens: Tokens, probabilities: Table): CompletionModel {
  const size = tokens.vocabulary.length;
  const predict = ([tokenId]: Int32Array) => ({
    probabilities: probabilities.subarray(tokenId! * size, (tokenId! + 1) * size),
  });
  return { ...tokens, ...slidingContext(1, tokens.startTokenId, predict) };
}

/** Counts of pairs → probabilities, each row divided by its sum; a token never seen is followed by any. */
export function countsToProbabilities(counts: Table, vocabSize: number): Table {
  return mapRows(counts, vocabSize, (row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total === 0 ? 1 / vocabSize : count / total));
  });
}

/** Logits → probabilities, row by row. */
export function softmaxRows(logits: Table, vocabSize: number): Table {
  return mapRows(logits, vocabSize, (row) => {
    const exponentials = Float64Array.from(row, Math.exp);
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return Float32Array.from(exponentials, (value) => value / total);
  });
}

/** Mean negative log-likelihood, in nats, of pairs with these counts. */
export function meanNll(probabilities: Table, counts: Table): number {
  let sum = 0;
  let pairs = 0;
  for (const [cell, count] of counts.entries()) {
    if (count > 0) sum -= count * Math.log(probabilities[cell]!);
    pairs += count;
  }
  return sum / pairs;
}

function mapRows(table: Table, vocabSize: number, map: (row: Float32Array) => Float32Array): Table {
  const result = new Float32Array(table.length);
  for (let begin = 0; begin < table.length; begin += vocabSize) {
    result.set(map(table.subarray(begin, begin + vocabSize)), begin);
  }
  return result;
}
