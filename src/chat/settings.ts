import { z } from 'zod';
import type { EngineInfo } from '../engines/engine.ts';
import { AppError } from '../errors.ts';
import type { ChatSettings } from './types.ts';

const count = z.int().nonnegative();

const samplingSchema = z
  .strictObject({
    temperature: z.number().min(0).max(100),
    topK: count,
    topP: z.number().min(0).max(1),
    minP: z.number().min(0).max(1),
    typicalP: z.number().min(0).max(1),
    mirostat: z.literal([0, 1, 2]),
    mirostatTau: z.number().min(0).max(100),
    mirostatEta: z.number().min(0).max(1),
    repeatLastN: count,
    repeatPenalty: z.number().positive().max(100),
    frequencyPenalty: z.number().min(-100).max(100),
    presencePenalty: z.number().min(-100).max(100),
    seed: count,
    multinomial: z.enum(['torch1', 'torch2']),
  })
  .partial();

/** Settings as a file, the store or a prompt template may hold them: each may be absent. */
export const chatSettingsSchema = z
  .strictObject({
    sampling: samplingSchema,
    maxTokens: z.int().positive(),
    stop: z.array(z.string().min(1)).max(16),
    systemPrompt: z.string(),
  })
  .partial();

/** Zod's optional fields admit an explicit undefined; parsed JSON and TOML have none. */
type Parsed = z.infer<typeof chatSettingsSchema>;

/** @throws AppError INVALID_SETTING that names each wrong one. */
export function parseChatSettings(value: unknown): Partial<ChatSettings> {
  const result = chatSettingsSchema.safeParse(withoutUndefined(value));
  if (result.success) return settingsOf(result.data);
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
  );
  throw new AppError('INVALID_SETTING', `Settings do not fit. ${problems.join('; ')}.`, {
    hint: '`/help` lists the settings and their ranges.',
  });
}

/** For parsed data without explicit undefined. */
export function settingsOf(parsed: Parsed): Partial<ChatSettings> {
  return parsed as Partial<ChatSettings>;
}

/**
 * What a person did not set. Names end by themselves and characters are short, so a completion of 500
 * tokens is a page at most; an answer in chat may need more.
 */
export function withDefaults(
  changed: Partial<ChatSettings>,
  kind: EngineInfo['kind'] | undefined,
): ChatSettings {
  return {
    sampling: changed.sampling ?? {},
    maxTokens: changed.maxTokens ?? (kind === 'chat' ? 1024 : 500),
    stop: changed.stop ?? [],
    systemPrompt: changed.systemPrompt ?? '',
  };
}

/** An explicit undefined takes a setting back to its default: it is left out, at both levels. */
function withoutUndefined(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .map(([key, entry]) => [key, withoutUndefined(entry)]),
  );
}
