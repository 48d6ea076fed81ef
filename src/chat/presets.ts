/** Presets: an engine with everything that changes how it writes, under a name, kept in the store. */
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { chatSettingsSchema, settingsOf, withDefaults } from './settings.ts';
import type { Store } from './store/store.ts';
import type { ChatSettings } from './types.ts';

export interface Preset {
  readonly engineId: string;
  readonly modelId: string;
  readonly settings: ChatSettings;
}

const key = 'presets';
const mostPresets = 1000;
const nameRule = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,49}$/u;
const presetSchema = z.object({ engineId: z.string(), modelId: z.string(), settings: chatSettingsSchema });

/** All presets by name, sorted; one that a later babble wrote and this one cannot read is left out. */
export function listPresets(store: Store): ReadonlyMap<string, Preset> {
  const presets = Object.entries(read(store)).flatMap(([name, value]): [string, Preset][] => {
    const { success, data } = presetSchema.safeParse(value);
    if (!success) return [];
    return [[name, { ...data, settings: withDefaults(settingsOf(data.settings), undefined) }]];
  });
  return new Map(presets.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Keeps a preset under a name, in place of one that has it already; undefined removes it. @throws AppError USAGE. */
export function keepPreset(store: Store, name: string, preset: Preset | undefined): void {
  if (!nameRule.test(name)) {
    throw new AppError('USAGE', `"${name.slice(0, 60)}" is no name for a preset.`, {
      hint: 'A name has up to 50 letters, digits, dots, dashes and underscores, and begins with a letter or digit.',
    });
  }
  // Another babble may keep one at the same time.
  store.transaction(() => {
    const { [name]: _before, ...others } = read(store);
    const after = preset === undefined ? others : { ...others, [name]: preset };
    if (Object.keys(after).length > mostPresets)
      throw new AppError('USAGE', `There are ${mostPresets} presets already.`, { hint: '/preset rm <name>' });
    store.setSetting(key, after);
  });
}

function read(store: Store): Record<string, unknown> {
  const value = store.getSetting(key);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
