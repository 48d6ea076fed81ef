import { AppError } from '../../errors.ts';
import type { InspectReport, InspectView } from '../engine.ts';
import type { Context } from './context.ts';
import { likeliest } from './likeliest.ts';
import type { NativeModel } from './native/model.ts';
import type { PromptBuilder } from './prompt.ts';

/**
 * What can be seen of a model inside llama.cpp: what it thinks comes next, and how surprised it is.
 * @throws AppError ENGINE_UNSUPPORTED for the other views
 */
export async function inspect(
  view: InspectView,
  native: NativeModel,
  context: Context,
  prompts: PromptBuilder,
): Promise<InspectReport> {
  switch (view.type) {
    case 'next-token':
      return nextToken(
        native,
        context,
        view.messages ? await prompts.chat(view.messages) : prompts.completion(view.prompt),
        view.top ?? 10,
      );
    case 'surprise':
      return surprise(native, context, prompts.completion(view.text));
    case 'heatmap':
    case 'similarity':
    case 'weights':
    case 'topology':
    case 'attention':
    case 'logit-lens':
      throw new AppError('ENGINE_UNSUPPORTED', `The engine llama has no view "${view.type}".`, {
        hint: 'It has next-token and surprise.',
      });
    default:
      return view satisfies never;
  }
}

async function nextToken(
  native: NativeModel,
  context: Context,
  prompt: readonly number[],
  count: number,
): Promise<InspectReport> {
  await context.load(prompt, new AbortController().signal);
  await context.evaluate(prompt.slice(-1));
  return {
    type: 'distribution',
    title: 'What comes next',
    tokens: likeliest(native.logits(0), count).map(({ tokenId, logProbability }) => ({
      tokenId,
      text: native.vocabulary.detokenize([tokenId], true),
      probability: Math.exp(logProbability),
      ...(native.vocabulary.isEnd(tokenId) ? { ends: true as const } : {}),
    })),
  };
}

async function surprise(
  native: NativeModel,
  context: Context,
  tokens: readonly number[],
): Promise<InspectReport> {
  await context.load(tokens.slice(0, 1), new AbortController().signal);
  const told = [];
  for (const [position, tokenId] of tokens.slice(1).entries()) {
    await context.evaluate([tokens[position]!]);
    const nll = -likeliest(native.logits(0), 0, [tokenId])[0]!.logProbability;
    told.push({ text: native.vocabulary.detokenize([tokenId], true), tokenId, nll });
  }
  const sum = told.reduce((total, { nll }) => total + nll, 0);
  return { type: 'surprise', tokens: told, meanNll: told.length === 0 ? 0 : sum / told.length };
}
