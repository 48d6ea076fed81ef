import { AppError, type ErrorCode } from '../errors.ts';

/** A refusal with its HTTP status, in the form that OpenAI's clients read. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  get body(): object {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, code: this.code, param: null } };
  }
}

/** Failures that are the request's; every other is the server's. */
const statuses: Partial<Record<ErrorCode, number>> = {
  UNKNOWN_MODEL: 404,
  TEXT_UNKNOWN_CHARACTERS: 400,
  CONTEXT_FULL: 400,
  ENGINE_UNSUPPORTED: 400,
  INVALID_SETTING: 400,
  ENGINE_CLOSED: 503,
};

/** Any failure as an answer. What is no AppError may hold paths or secrets: its text stays here. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (!(error instanceof AppError)) return new HttpError(500, 'INTERNAL', 'The server failed.');
  const status = statuses[error.code] ?? 500;
  const message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  // A request that crashed an engine once is not to be sent again by itself.
  return new HttpError(status, error.code, message, status === 500 ? { 'x-should-retry': 'false' } : {});
}
