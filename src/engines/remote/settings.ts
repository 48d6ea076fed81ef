import { AppError } from '../../errors.ts';
import type { LoadSettings } from '../engine.ts';

export interface RemoteSettings {
  /** Address of the OpenAI-compatible interface, up to and with `/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token; undefined for servers that want none. */
  readonly apiKey: string | undefined;
  /** `completion` for models without a chat template; absent: as the server says, else `chat`. */
  readonly kind: 'chat' | 'completion' | undefined;
  /** Longest wait for the server's answer to begin. Default 10 minutes: a large model reads a long prompt slowly. */
  readonly timeoutMs: number;
  /** Longest silence within an answer. Default 2 minutes. */
  readonly stallMs: number;
  /** Tries after the first, with growing pauses, for a server that is away or busy. Default 4. */
  readonly retries: number;
}

/** llama-server's own default. */
const defaultBaseUrl = 'http://127.0.0.1:8080/v1';

/**
 * Settings of the remote engine: what the load names goes before the environment (BABBLE_REMOTE_URL,
 * BABBLE_REMOTE_API_KEY). OPENAI_API_KEY is sent to api.openai.com only, never to another server.
 * @throws AppError INVALID_SETTING.
 */
export function remoteSettings(settings: LoadSettings, env: NodeJS.ProcessEnv, address = ''): RemoteSettings {
  const baseUrl = text(settings, 'baseUrl') ?? (address || env['BABBLE_REMOTE_URL'] || defaultBaseUrl);
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new AppError('INVALID_SETTING', `"${baseUrl}" is no http or https address.`, {
      hint: 'Set BABBLE_REMOTE_URL, for example to http://127.0.0.1:8080/v1.',
    });
  }
  const kind = text(settings, 'kind');
  if (kind !== undefined && kind !== 'chat' && kind !== 'completion') {
    throw new AppError('INVALID_SETTING', `kind is "${kind}"; it must be chat or completion.`);
  }
  return {
    baseUrl: baseUrl.replace(/[/]+$/, ''),
    apiKey:
      env['BABBLE_REMOTE_API_KEY'] || (isOpenAi(baseUrl) ? env['OPENAI_API_KEY'] : undefined) || undefined,
    kind,
    timeoutMs: number(settings, 'timeoutMs', 600_000),
    stallMs: number(settings, 'stallMs', 120_000),
    retries: number(settings, 'retries', 4),
  };
}

/** OpenAI's own service refuses parameters it does not know; everyone else's takes more than it names. */
export function isOpenAi(baseUrl: string): boolean {
  return new URL(baseUrl).hostname === 'api.openai.com';
}

function text(settings: LoadSettings, name: string): string | undefined {
  const value = settings[name];
  return value === undefined ? undefined : String(value);
}

function number(settings: LoadSettings, name: string, fallback: number): number {
  const value = settings[name] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new AppError('INVALID_SETTING', `${name} is ${value}; it must be a number from 0.`);
}
