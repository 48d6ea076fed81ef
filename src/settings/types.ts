import type { Sampling } from '../engines/engine.ts';

/** What a setting holds, and so how it is checked and read from text. */
export type SettingType =
  | { readonly kind: 'text' }
  | { readonly kind: 'texts' }
  | { readonly kind: 'switch' }
  | { readonly kind: 'number'; readonly low: number; readonly high?: number; readonly whole: boolean }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export type ImagesSetting = 'auto' | 'off' | 'kitty' | 'iterm2' | 'sixel';

export type ThemeName = 'auto' | 'terminal' | 'dark' | 'light' | 'high-contrast' | 'none';

/** A person's settings, from every source; an absent one takes the default that the table tells of. */
export interface Settings {
  readonly engine?: string;
  readonly model?: string;
  readonly systemPrompt?: string;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly sampling: Sampling;
  readonly theme: ThemeName;
  readonly raw: boolean;
  readonly images: ImagesSetting;
  readonly screenReader: boolean;
  readonly hints: boolean;
  readonly idleMinutes: number;
  readonly engineMemoryMb: number;
}

/** Where a value comes from, weakest first. */
export type SettingSource = 'default' | 'file' | 'environment' | 'flag';

/** A value as the person set it, or its default. */
export interface SettingValue {
  readonly value: unknown;
  readonly source: SettingSource;
  /** The line of the file, the variable, or the flag, for a person. */
  readonly origin?: string;
}
