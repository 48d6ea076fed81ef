/**
 * What a model has learnt by heart: how much of what it writes stands in its training text. Text that nobody
 * trained on, of the same source, is measured the same way beside it: what it shares is shared by chance.
 */
import { splitCharacters, splitNames } from '../splits.ts';
import type { DatasetName, MeasurableModel } from '../task.ts';
import { longestPassage } from './longest-passage.ts';
import { hasNearDuplicate } from './near-duplicates.ts';

/** What is compared whole: names, or lines of a text. */
type Unit = 'name' | 'line';

/** Shares are of `units`, in [0, 1]. */
export interface Overlap {
  /** Names, or lines of at least 20 characters. */
  readonly units: number;
  readonly distinct: number;
  /** Stand in the training text as they are. */
  readonly known: number;
  /** New, but one edit away from one that stands there. */
  readonly near: number;
  /** Not in the training text. */
  readonly fresh: number;
  /** Length in characters of the longest passage that stands in the training text. */
  readonly longest: number;
  /** The median over the texts. */
  readonly medianLongest: number;
  readonly longestText: string;
}

export interface Audit {
  readonly unit: Unit;
  readonly samples: Overlap;
  /** Absent when all of the text was trained on. */
  readonly heldOut?: Overlap;
  /** Share of the sampled units that are not in the training text, but in the held-out one. */
  readonly foundHeldOut?: number;
}

export interface AuditOptions {
  readonly dataset: DatasetName;
  /** The dataset's text, whole. */
  readonly text: string;
  /** The model saw every split. */
  readonly trainedOnAll: boolean;
  readonly count: number;
  readonly seed: number;
}

/** Draws samples and compares them with the training text. */
export async function audit(model: Pick<MeasurableModel, 'sample'>, options: AuditOptions): Promise<Audit> {
  const { dataset } = options;
  const samples = await draw(model, options);
  const source = dataset === 'names' ? namesSource(options) : textSource(options, samples);
  const measure = (texts: readonly string[]) => overlap(texts, source);
  const held = source.heldOut;
  if (held.length === 0) return { unit: source.unit, samples: measure(samples) };
  const own = samples.flatMap(source.unitsOf);
  const found = own.filter((unit) => !source.known.has(unit) && source.unseen.has(unit)).length;
  return {
    unit: source.unit,
    samples: measure(samples),
    heldOut: measure(held),
    foundHeldOut: share(found, own.length),
  };
}

/** Texts need memory for each one drawn at once; names do not. */
const textsAtOnce = 16;

async function draw(model: Pick<MeasurableModel, 'sample'>, { dataset, count, seed }: AuditOptions) {
  if (dataset === 'names') return model.sample({ count, seed });
  const texts: string[] = [];
  for (let turn = 0; texts.length < count; turn++) {
    const left = Math.min(textsAtOnce, count - texts.length);
    texts.push(...(await model.sample({ count: left, seed: seed + turn })));
  }
  return texts;
}

interface Source {
  readonly unit: Unit;
  readonly unitsOf: (text: string) => readonly string[];
  readonly training: string;
  readonly known: ReadonlySet<string>;
  readonly alphabet: readonly string[];
  /** Texts to measure beside the samples. */
  readonly heldOut: readonly string[];
  /** All units that nobody trained on. */
  readonly unseen: ReadonlySet<string>;
}

function namesSource({ text, trainedOnAll, count }: AuditOptions): Source {
  const { train, val, test } = splitNames(text);
  const names = trainedOnAll ? [...train, ...val, ...test] : train;
  return {
    unit: 'name',
    unitsOf: (name) => [name],
    training: names.join('\n'),
    known: new Set(names),
    alphabet: [...'abcdefghijklmnopqrstuvwxyz'],
    heldOut: trainedOnAll ? [] : [...val, ...test].slice(0, count),
    unseen: new Set([...val, ...test]),
  };
}

/** Shorter lines (a speaker's name, "Ay, my lord.") come again by themselves. */
const shortestLine = 20;

function textSource({ text, trainedOnAll }: AuditOptions, samples: readonly string[]): Source {
  const { characters, train, val } = splitCharacters(text);
  const write = (tokens: Uint16Array) => Array.from(tokens, (token) => characters[token]).join('');
  const [training, rest] = [write(train), write(val)];
  const unitsOf = (passage: string) => passage.split('\n').filter((line) => line.length >= shortestLine);
  // Passages of the samples' length, evenly over the held-out text.
  const length = Math.min(Math.max(...samples.map((sample) => sample.length)), rest.length);
  const heldOut = samples.map((_, i) => {
    const at = Math.floor((i * (rest.length - length)) / samples.length);
    return rest.slice(at, at + length);
  });
  return {
    unit: 'line',
    unitsOf,
    training: trainedOnAll ? text : training,
    known: new Set(unitsOf(trainedOnAll ? text : training)),
    alphabet: characters,
    heldOut: trainedOnAll ? [] : heldOut,
    unseen: new Set(unitsOf(rest)),
  };
}

function overlap(texts: readonly string[], { unitsOf, known, alphabet, training }: Source): Overlap {
  const units = texts.flatMap(unitsOf);
  const fresh = units.filter((unit) => !known.has(unit));
  const near = fresh.filter((unit) => hasNearDuplicate(unit, known, alphabet));
  const passages = texts.map((text) => longestPassage(text, training).text);
  const longestText = passages.reduce((longest, one) => (one.length > longest.length ? one : longest), '');
  const lengths = passages.map((passage) => passage.length).sort((a, b) => a - b);
  return {
    units: units.length,
    distinct: share(new Set(units).size, units.length),
    known: share(units.length - fresh.length, units.length),
    near: share(near.length, units.length),
    fresh: share(fresh.length, units.length),
    longest: longestText.length,
    medianLongest: lengths[Math.floor(lengths.length / 2)] ?? 0,
    longestText,
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
