import { AppError } from '../errors.ts';

/** What is needed of an attachment, from a message or an option. */
export interface AttachmentFile {
  readonly name: string;
  readonly size: number;
  readonly url: string;
}

const textNames =
  /\.(txt|md|markdown|csv|tsv|json|jsonl|ya?ml|toml|xml|html?|css|[cm]?[jt]sx?|py|rs|go|c|h|cc|cpp|hpp|java|rb|php|sh|sql|log|tex)$/i;

/** Hosts that Discord serves attachments from. */
const discordHosts = new Set(['cdn.discordapp.com', 'media.discordapp.net']);

/**
 * Reads a text file that a person attached.
 * @param api the REST API's address: its host may serve attachments too (a Discord on loopback).
 * @throws AppError FILE_INVALID with what is wrong: too large, no text by its name, not UTF-8, not from Discord.
 */
export async function readAttachment(file: AttachmentFile, mostBytes: number, api: string): Promise<string> {
  const refuse = (why: string) => new AppError('FILE_INVALID', `The file ${file.name.slice(0, 100)} ${why}.`);
  if (!textNames.test(file.name)) throw refuse('is no text file by its name');
  if (file.size > mostBytes) throw refuse(`has ${file.size} bytes; ${mostBytes} is the most here`);
  const url = new URL(file.url);
  if (!discordHosts.has(url.hostname) && url.host !== new URL(api).host)
    throw refuse('does not come from Discord');
  const response = await fetch(url, { signal: AbortSignal.timeout(15_000), redirect: 'error' }).catch(
    (cause: unknown) => {
      throw new AppError('FILE_INVALID', `The file ${file.name.slice(0, 100)} could not be fetched.`, {
        cause,
      });
    },
  );
  if (!response.ok || !response.body) throw refuse(`could not be fetched (status ${response.status})`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // the size that was announced is not believed
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > mostBytes) throw refuse(`has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw refuse('is not UTF-8 text');
  }
}
