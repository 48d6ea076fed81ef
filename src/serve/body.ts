import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.ts';

/** Longer than any context of text. */
const maxBodyBytes = 4 * 1024 * 1024;

/** @throws HttpError 415, 413, 400. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // A web page can send other types here without asking first; JSON it cannot.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'invalid_request', 'The content type must be application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) {
      throw new HttpError(413, 'invalid_request', `The body is longer than ${maxBodyBytes} bytes.`, {
        connection: 'close',
      });
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'invalid_request', 'The body is no JSON.');
  }
}
