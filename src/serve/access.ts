import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import { HttpError } from './http-error.ts';

export interface Access {
  readonly host: string;
  /** Undefined: open to this machine only. */
  readonly apiKey: string | undefined;
}

/** @throws AppError INVALID_SETTING for an address that others reach, without a key. */
export function checkAccess({ host, apiKey }: Access): void {
  if (apiKey !== undefined || isLoopback(host)) return;
  throw new AppError('INVALID_SETTING', `Serving on ${host} lets others in, so a key is required.`, {
    hint: 'Put a long random key into the environment as BABBLE_SERVE_API_KEY, or serve on 127.0.0.1.',
  });
}

/**
 * Lets a request in or throws. With a key: whoever has it. Without: this machine's programs, but no web
 * page in this machine's browser: its requests carry an Origin, or a Host that was made to resolve here.
 */
export function authorize(request: IncomingMessage, { apiKey }: Access): void {
  if (apiKey !== undefined) {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (same(given, apiKey)) return;
    throw new HttpError(401, 'invalid_api_key', 'The API key is missing or wrong.', {
      'www-authenticate': 'Bearer',
    });
  }
  const host = hostName(`http://${request.headers.host ?? ''}`);
  const origin = request.headers.origin === undefined ? undefined : hostName(request.headers.origin);
  if (isLoopback(host) && (origin === undefined || isLoopback(origin))) return;
  throw new HttpError(403, 'forbidden', 'Without an API key only programs on this machine may ask.');
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

function hostName(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** In the same time whether they differ early, late or in length. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
