import type { Llama } from 'node-llama-cpp';
import { AppError } from '../../errors.ts';
import type { GenerateRequest } from '../engine.ts';

const maxLength = 256 << 10;

/**
 * The GBNF grammar that a request asks for, by itself or as a JSON schema.
 * @throws AppError INVALID_SETTING when it is none
 */
export async function grammarFor(
  llama: Llama,
  { grammar, jsonSchema }: Pick<GenerateRequest, 'grammar' | 'jsonSchema'>,
): Promise<string | undefined> {
  if (grammar === undefined && jsonSchema === undefined) return undefined;
  if (grammar !== undefined && jsonSchema !== undefined) {
    throw new AppError('INVALID_SETTING', 'Give a grammar or a JSON schema, not both.');
  }
  const length = (grammar ?? JSON.stringify(jsonSchema)).length;
  if (length > maxLength) {
    throw new AppError(
      'INVALID_SETTING',
      `The grammar has ${length} characters, at most ${maxLength} are read.`,
    );
  }
  try {
    const made =
      grammar === undefined
        ? await llama.createGrammarForJsonSchema(jsonSchema as never)
        : await llama.createGrammar({ grammar });
    return made.grammar;
  } catch (error) {
    const what = grammar === undefined ? 'JSON schema' : 'grammar';
    throw new AppError('INVALID_SETTING', `The ${what} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
