import { sanitise } from '../chat/sanitise.ts';

const patterns: readonly (readonly [RegExp, string])[] = [
  // a bot token: base64 of the application id, a time stamp, a signature
  [/[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}/g, '[token]'],
  // an interaction or webhook token in a path
  [/(\/(?:webhooks|interactions)\/\d+\/)[^/\s"'?]+/g, '$1[token]'],
  [/("?(?:token|authorization)"?\s*[:=]\s*"?)(?:Bot\s+)?[^\s",}]+/gi, '$1[token]'],
];

/** Creates a function that takes every secret out of a text before it may be logged or shown. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter((secret) => secret.length > 0);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, '[token]');
    for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
    return sanitise(clean);
  };
}

/** What of an error may be logged: never a request's body, its headers or its URL's token. */
export interface SafeError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly status?: number;
  readonly stack?: string;
  readonly cause?: SafeError;
}

/**
 * Reduces an error to what may be logged. discord.js errors carry the interaction's token in `url` and what
 * people wrote in `requestBody`; neither is looked at here.
 */
export function safeError(error: unknown, redact: (text: string) => string, depth = 3): SafeError {
  if (!(error instanceof Error)) return { name: 'Error', message: redact(String(error)) };
  const { code, status } = error as { code?: unknown; status?: unknown };
  return {
    name: error.name.split('[')[0]!,
    message: redact(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(error.stack === undefined ? {} : { stack: redact(error.stack) }),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: safeError(error.cause, redact, depth - 1) }),
  };
}
