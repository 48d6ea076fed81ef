import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import { AppError } from '../../errors.ts';

/**
 * Messages over a byte stream: a 4-byte big-endian length, then a structured clone of that many bytes.
 *
 * Node's own IPC channel is not used because bytes that are no message (native code writing to a wrong
 * descriptor) raise an uncaught exception in the parent there; here they are a HOST_PROTOCOL error.
 */
export interface Channel {
  /** Queues a message; silently dropped once the other side is gone (its exit is reported elsewhere). */
  send(message: object): void;
  close(): void;
}

export interface ChannelHandlers {
  /** Any structured clone; the receiver checks what it is. */
  onMessage(message: unknown): void;
  /** The bytes make no sense; nothing more is read. */
  onBroken(error: AppError): void;
  onClose?(): void;
}

const headerBytes = 4;
/** Largest believable message: a report on every weight of a 10M-parameter model takes 43 MB. */
const maxMessageBytes = 256 * 1024 * 1024;

export function openChannel(stream: Duplex, handlers: ChannelHandlers): Channel {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = headerBytes;
  let broken = false;

  const fail = (message: string, cause?: unknown): void => {
    broken = true;
    chunks = [];
    handlers.onBroken(new AppError('HOST_PROTOCOL', message, { cause }));
  };

  stream.on('data', (chunk: Buffer) => {
    if (broken) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    let rest = Buffer.concat(chunks);
    for (needed = headerBytes; rest.length >= needed && !broken; ) {
      const length = rest.readUInt32BE(0);
      if (length > maxMessageBytes) {
        return fail(`A message of ${length} bytes was announced; at most ${maxMessageBytes} are allowed.`);
      }
      needed = headerBytes + length;
      if (rest.length < needed) break;
      const body = rest.subarray(headerBytes, needed);
      rest = rest.subarray(needed);
      needed = headerBytes;
      let message: unknown;
      try {
        message = deserialize(body);
      } catch (error) {
        return fail(`A message of ${length} bytes could not be read.`, error);
      }
      handlers.onMessage(message);
    }
    chunks = rest.length > 0 ? [rest] : [];
    size = rest.length;
  });
  // A broken pipe is the other side's end, which `close` reports.
  stream.on('error', () => {});
  stream.on('close', () => handlers.onClose?.());

  return {
    send(message) {
      if (!stream.writable) return;
      const body = serialize(message);
      const header = Buffer.allocUnsafe(headerBytes);
      header.writeUInt32BE(body.length, 0);
      stream.write(Buffer.concat([header, body]));
    },
    close() {
      stream.destroy();
    },
  };
}
