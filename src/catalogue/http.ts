import { AppError } from '../errors.ts';

const maxRedirects = 5;
const stallMs = 30_000;

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the first address' origin only: a redirect to elsewhere does not get it. */
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * GET that follows redirects itself, so that the token stays with its server and only https is spoken
 * (http to this machine, for tests). The response may have any status.
 * @throws AppError DOWNLOAD_FAILED for a refused address; what fetch throws when the network fails
 */
export async function get(address: string, options: HttpOptions): Promise<Response> {
  const first = checkAddress(address);
  let url = first;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const authorised = options.token !== undefined && url.origin === first.origin;
    const response = await fetch(url, {
      redirect: 'manual',
      signal: options.signal,
      headers: { ...options.headers, ...(authorised ? { authorization: `Bearer ${options.token}` } : {}) },
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    url = checkAddress(new URL(location, url).href);
  }
  throw failed(`${first.host} redirects more than ${maxRedirects} times`);
}

/** The chunks of a body; ends with an error when none comes for half a minute. */
export async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs);
      });
      const { done, value } = await Promise.race([reader.read(), stalled]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

export function failed(what: string, hint?: string): AppError {
  return new AppError('DOWNLOAD_FAILED', `Downloading failed: ${what}.`, hint === undefined ? {} : { hint });
}

function checkAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (loopback && url.protocol === 'http:')) return url;
  throw failed(`${url ? `${url.protocol}//${url.host}` : 'the address'} is not https`);
}
