import { AppError } from '../../errors.ts';

/** What a person may set for every engine process, by environment variables. */
export interface HostLimits {
  /** Unload after this many idle milliseconds; 0 never. */
  readonly idleMs: number;
  /** End a process above this many resident bytes; absent: no limit. */
  readonly memoryLimitBytes?: number;
}

const defaultIdleMinutes = 10;

/** A timer holds no more than 24 days. */
const mostMinutes = 34_560;
const mostMegabytes = 16_777_216;

/**
 * Reads `BABBLE_IDLE_MINUTES` (default 10; 0 keeps engines loaded) and `BABBLE_ENGINE_MEMORY_MB` (default, and 0:
 * no limit).
 * @throws AppError INVALID_SETTING
 */
export function hostLimits(env: NodeJS.ProcessEnv = process.env): HostLimits {
  const minutes = read(env, 'BABBLE_IDLE_MINUTES', mostMinutes) ?? defaultIdleMinutes;
  const megabytes = read(env, 'BABBLE_ENGINE_MEMORY_MB', mostMegabytes);
  return {
    idleMs: minutes * 60_000,
    ...(megabytes === undefined || megabytes === 0 ? {} : { memoryLimitBytes: megabytes * 1024 * 1024 }),
  };
}

function read(env: NodeJS.ProcessEnv, name: string, most: number): number | undefined {
  const text = env[name];
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  if (value >= 0 && value <= most) return value;
  throw new AppError('INVALID_SETTING', `${name} is "${text}"; expected a number from 0 to ${most}.`);
}
