import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  AuthenticationError,
  NotFoundError,
  PermissionDeniedError,
} from 'openai';
import { AppError, type ErrorCode } from '../../errors.ts';

/** Codes that `babble serve` puts into its answers and that mean the same here. */
const sharedCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'TEXT_UNKNOWN_CHARACTERS',
  'CONTEXT_FULL',
  'ENGINE_UNSUPPORTED',
  'ENGINE_CRASHED',
  'ENGINE_OUT_OF_MEMORY',
]);

/** Turns what the client library throws into an error a person can use. Keys and headers never enter it. */
export function remoteError(error: unknown, baseUrl: string): AppError {
  if (error instanceof AppError) return error;
  const server = new URL(baseUrl).host;
  const said = error instanceof Error ? error.message.slice(0, 300) : String(error).slice(0, 300);
  if (error instanceof APIConnectionTimeoutError) {
    return new AppError('REMOTE_UNREACHABLE', `The server ${server} did not answer in time.`, {
      hint: 'Try again, or give it longer with the setting timeoutMs.',
    });
  }
  if (error instanceof APIConnectionError) {
    return new AppError('REMOTE_UNREACHABLE', `The server ${server} cannot be reached: ${causeOf(error)}.`, {
      hint: 'Is it running? BABBLE_REMOTE_URL is its address, up to and with /v1.',
    });
  }
  if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) {
    return new AppError('REMOTE_REFUSED', `The server ${server} refused the key: ${said}`, {
      hint: 'Put the right key into the environment as BABBLE_REMOTE_API_KEY.',
    });
  }
  if (error instanceof APIError && typeof error.code === 'string' && sharedCodes.has(error.code)) {
    return new AppError(error.code as ErrorCode, said);
  }
  if (error instanceof NotFoundError) {
    return new AppError('UNKNOWN_MODEL', `The server ${server} does not have that: ${said}`, {
      hint: 'Choose a model it offers; `auto` takes its first.',
    });
  }
  return new AppError('REMOTE_FAILED', `The server ${server} failed: ${said}`, {
    hint: 'Try again; if it keeps failing look at the log of the server.',
  });
}

/** The innermost cause names the reason (ECONNREFUSED, a certificate), the outer ones only that there is one. */
function causeOf(error: Error): string {
  let inner = error;
  while (inner.cause instanceof Error) inner = inner.cause;
  return ('code' in inner && typeof inner.code === 'string' ? inner.code : inner.message).slice(0, 200);
}
