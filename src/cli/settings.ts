import type { ChatSettings } from '../chat/types.ts';
import { loadSettings, type ReadSettings } from '../settings/settings.ts';
import type { Settings } from '../settings/types.ts';

/** Settings that every engine process is held to, by the variable that its client reads. */
const limits = [
  ['idleMinutes', 'BABBLE_IDLE_MINUTES'],
  ['engineMemoryMb', 'BABBLE_ENGINE_MEMORY_MB'],
] as const;

/**
 * The settings for a command, from its parsed options, the environment and the file. Engine processes are
 * started in many places, each of which asks the environment for its limits: those of the file are put there.
 * @throws AppError INVALID_SETTING with every problem.
 */
export function settingsFor(options: Readonly<Record<string, unknown>>): ReadSettings {
  // Of `--color` and `--no-color` commander makes one option.
  const theme = options['theme'] ?? (options['color'] === false ? 'none' : undefined);
  const read = loadSettings({ flags: { ...options, theme } });
  for (const [key, variable] of limits) {
    if (read.values.get(key)?.source === 'file') process.env[variable] = String(read.settings[key]);
  }
  return read;
}

/** What a conversation begins with. */
export function chatSettingsOf({ sampling, systemPrompt, maxTokens, stop }: Settings): Partial<ChatSettings> {
  return {
    sampling,
    ...(systemPrompt === undefined ? {} : { systemPrompt }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(stop === undefined ? {} : { stop }),
  };
}
