import { AppError } from '../../errors.ts';
import type { GgufModel } from '../../formats/gguf/model.ts';
import { ggmlType } from '../../formats/gguf/types.ts';
import type { FitReport } from '../engine.ts';
import { freeMemory } from './free-memory.ts';
import type { LlamaSettings } from './settings.ts';

const defaultContext = 8192;
/** node, the library and what else the process holds, measured with a tiny model. */
const processBytes = 150e6;
/** Left for the rest of the machine. */
const reserveBytes = 256e6;

/** Bits a weight of the usual quantizations, smallest first; from the sizes of llama.cpp's own files. */
const quantizations = [
  ['iq1_s', 1.6],
  ['tq1_0', 1.7],
  ['iq2_xxs', 2.1],
  ['q2_k', 2.6],
  ['q3_k_m', 3.9],
  ['q4_k_m', 4.85],
  ['q5_k_m', 5.7],
  ['q6_k', 6.6],
  ['q8_0', 8.5],
] as const;

/** The context a model gets when none is asked for. */
export function contextLengthFor(model: GgufModel, settings: Pick<LlamaSettings, 'contextLength'>): number {
  return settings.contextLength ?? Math.min(model.contextLength, defaultContext);
}

/** Bytes that one token takes in the KV cache. */
export function kvBytesPerToken(model: GgufModel, { kvType }: Pick<LlamaSettings, 'kvType'>): number {
  const { blockSize, blockBytes } = ggmlType(kvType);
  const elements = model.nLayer * model.nHeadKv * (model.keyLength + model.valueLength);
  return (elements / blockSize) * blockBytes;
}

/**
 * Bytes to run a model: its weights (mapped or read, they have to be in memory to be fast), the KV cache
 * at the wanted context, and what llama.cpp computes in.
 */
function memoryNeeds(model: GgufModel, settings: LlamaSettings): FitReport['needs'] {
  const context = contextLengthFor(model, settings);
  const batch = Math.min(settings.batchSize, context);
  const rowElements = model.vocabSize + 6 * model.nEmbd + 2 * model.nFf;
  return [
    { what: `weights (${model.quantization}${settings.mmap ? ', mapped' : ''})`, bytes: model.weightBytes },
    {
      what: `KV cache (${context} tokens, ${settings.kvType})`,
      bytes: Math.ceil(context * kvBytesPerToken(model, settings)),
    },
    { what: `compute buffers (batch ${batch})`, bytes: batch * rowElements * 4 },
    { what: 'process', bytes: processBytes },
  ];
}

/** Whether the model fits in what is free now, and what would if it does not. */
export function fitReport(model: GgufModel, settings: LlamaSettings, freeBytes = freeMemory()): FitReport {
  const needs = memoryNeeds(model, settings);
  const room = freeBytes - reserveBytes;
  const fits = total(needs) <= room;
  return { fits, needs, freeBytes, ...(fits ? {} : { advice: advise(model, settings, room) }) };
}

/** @throws AppError MODEL_TOO_LARGE with the numbers */
export function requireFit(report: FitReport): void {
  if (report.fits) return;
  const parts = report.needs.map(({ what, bytes }) => `${what} ${gigabytes(bytes)}`).join(', ');
  throw new AppError(
    'MODEL_TOO_LARGE',
    `The model needs ${gigabytes(total(report.needs))} and ${gigabytes(report.freeBytes)} are free: ${parts}.`,
    {
      hint: `${report.advice} Or load it all the same with --force (setting force): it may swap or be ended.`,
    },
  );
}

function advise(model: GgufModel, settings: LlamaSettings, room: number): string {
  const fitting = (change: Partial<LlamaSettings>) =>
    total(memoryNeeds(model, { ...settings, ...change })) <= room;
  const context = contextLengthFor(model, settings);
  if (fitting({ kvType: 'q8_0' })) return 'It would fit with kvType q8_0.';
  for (let shorter = context / 2; shorter >= 512; shorter /= 2) {
    if (fitting({ contextLength: shorter })) return `It would fit with contextLength ${shorter}.`;
  }
  const others = total(memoryNeeds(model, { ...settings, contextLength: Math.min(context, 2048) }));
  const roomForWeights = room - (others - model.weightBytes);
  const best = quantizations.findLast(([, bits]) => (model.parameterCount * bits) / 8 <= roomForWeights);
  return best === undefined
    ? 'No quantization of this model would fit: take a smaller model.'
    : `A ${best[0]} quantization (${gigabytes((model.parameterCount * best[1]) / 8)}) would fit with contextLength 2048.`;
}

function total(needs: FitReport['needs']): number {
  return needs.reduce((sum, { bytes }) => sum + bytes, 0);
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
