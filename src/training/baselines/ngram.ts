/** n-gram models on the same splits and vocabularies as the trained ones: the bar that a network has to pass. */
import { Sampler } from '../../engines/shared/sampling.ts';
import { nameTokens, splitCharacters, splitNames } from '../splits.ts';
import type { DatasetName, OpenedModel, Split } from '../task.ts';
import { KneserNey } from './kneser-ney.ts';

export interface NgramBaseline extends Pick<OpenedModel, 'predict'> {
  readonly order: number;
  /** N-grams stored. */
  readonly size: number;
  sample(options: { count: number; seed: number }): readonly string[];
}

/** Longest n-grams that fit the vocabularies; losses get worse well before. */
const orders: Readonly<Record<DatasetName, readonly number[]>> = {
  names: [2, 3, 4, 5, 6, 7],
  shakespeare: [2, 3, 4, 5, 6, 7, 8],
};

export function ngramOrders(dataset: DatasetName): readonly number[] {
  return orders[dataset];
}

/** Counts the training split of a dataset's text. */
export function ngramBaseline(dataset: DatasetName, text: string, order: number): NgramBaseline {
  return dataset === 'names' ? namesBaseline(text, order) : charactersBaseline(text, order);
}

function namesBaseline(text: string, order: number): NgramBaseline {
  const splits = splitNames(text);
  const tokensOf = (name: string) => Uint8Array.from(`.${name}.`, (letter) => nameTokens.indexOf(letter));
  const vocabSize = nameTokens.length;
  const model = new KneserNey(splits.train.map(tokensOf), { vocabSize, order, startToken: true });
  const probabilities = new Float32Array(vocabSize);
  return {
    order,
    size: model.size,
    predict(split, { limit = Number.POSITIVE_INFINITY }, visit) {
      let visited = 0;
      for (const name of splits[split]) {
        const tokens = tokensOf(name);
        for (let at = 1; at < tokens.length; at++) {
          if (visited++ >= limit) return;
          model.predict(tokens, at, probabilities);
          visit({ probabilities, target: tokens[at]!, position: at - 1 });
        }
      }
    },
    sample: ({ count, seed }) => {
      const sampler = new Sampler({ seed });
      return Array.from({ length: count }, () => {
        const tokens = [0];
        do tokens.push(drawNext(model, tokens, sampler));
        while (tokens.at(-1) !== 0 && tokens.length <= 40);
        return tokens
          .slice(1, -1)
          .map((token) => nameTokens[token])
          .join('');
      });
    },
  };
}

/** Positions are those of a network's windows, so that losses by position lie side by side. */
const windowLength = 256;
const sampleLength = 300;

function charactersBaseline(text: string, order: number): NgramBaseline {
  const { characters, train, val } = splitCharacters(text);
  const model = new KneserNey([train], { vocabSize: characters.length, order });
  const probabilities = new Float32Array(characters.length);
  const tokensOf = (split: Split) => (split === 'train' ? train : val);
  return {
    order,
    size: model.size,
    predict(split, { limit = Number.POSITIVE_INFINITY }, visit) {
      const tokens = tokensOf(split);
      for (let at = 1; at < Math.min(tokens.length, limit + 1); at++) {
        model.predict(tokens, at, probabilities);
        visit({ probabilities, target: tokens[at]!, position: (at - 1) % windowLength });
      }
    },
    sample: ({ count, seed }) => {
      const sampler = new Sampler({ seed });
      const start = Math.max(characters.indexOf('\n'), 0);
      return Array.from({ length: count }, () => {
        const tokens = [start];
        while (tokens.length <= sampleLength) tokens.push(drawNext(model, tokens, sampler));
        return tokens
          .slice(1)
          .map((token) => characters[token])
          .join('');
      });
    },
  };
}

function drawNext(model: KneserNey, tokens: readonly number[], sampler: Sampler): number {
  const probabilities = new Float32Array(model.vocabSize);
  model.predict(tokens, tokens.length, probabilities);
  return sampler.sample({ probabilities }, tokens);
}
