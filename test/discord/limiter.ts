/** One rate-limit bucket as Discord shows it in headers. */
interface Bucket {
  remaining: number;
  resetsAt: number;
}

export interface Verdict {
  readonly limited: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number;
}

/** Requests allowed in a window, by kind of route: figures in the order of Discord's own. */
const limits: readonly {
  readonly pattern: RegExp;
  readonly name: string;
  readonly count: number;
  readonly windowMs: number;
}[] = [
  { pattern: /^(POST|PATCH|DELETE) \/webhooks\//, name: 'webhook', count: 5, windowMs: 2_000 },
  { pattern: /^POST \/channels\/\d+\/messages$/, name: 'create', count: 5, windowMs: 5_000 },
  { pattern: /^PATCH \/channels\/\d+\/messages\//, name: 'edit', count: 5, windowMs: 5_000 },
  { pattern: /^POST \/channels\/\d+\/typing$/, name: 'typing', count: 5, windowMs: 5_000 },
];

/** The loopback Discord's own limiter: buckets by route and major parameter, and 50 requests a second overall. */
export class RateLimiter {
  readonly refused: string[] = [];
  private readonly buckets = new Map<string, Bucket>();
  private global: Bucket = { remaining: 50, resetsAt: 0 };

  check(method: string, path: string, now = Date.now()): Verdict {
    const route = `${method} ${path}`;
    // interaction callbacks count neither here nor against the global limit
    if (path.startsWith('/interactions/')) return { limited: false, headers: {}, retryAfterSeconds: 0 };
    if (now >= this.global.resetsAt) this.global = { remaining: 50, resetsAt: now + 1_000 };
    if (this.global.remaining === 0)
      return this.refuse(route, this.global.resetsAt - now, { 'x-ratelimit-global': 'true' });
    this.global.remaining -= 1;
    const limit = limits.find(({ pattern }) => pattern.test(route));
    if (!limit) return { limited: false, headers: {}, retryAfterSeconds: 0 };
    const major = /^\/(?:channels\/\d+|webhooks\/\d+\/[^/]+)/.exec(path)?.[0] ?? '';
    const key = `${limit.name}:${major}`;
    let bucket = this.buckets.get(key);
    if (!bucket || now >= bucket.resetsAt) {
      bucket = { remaining: limit.count, resetsAt: now + limit.windowMs };
      this.buckets.set(key, bucket);
    }
    const headers = {
      'x-ratelimit-bucket': limit.name,
      'x-ratelimit-limit': String(limit.count),
      'x-ratelimit-remaining': String(Math.max(0, bucket.remaining - 1)),
      'x-ratelimit-reset': String(bucket.resetsAt / 1_000),
      'x-ratelimit-reset-after': String(Math.max(0, bucket.resetsAt - now) / 1_000),
    };
    if (bucket.remaining === 0) return this.refuse(route, bucket.resetsAt - now, headers);
    bucket.remaining -= 1;
    return { limited: false, headers, retryAfterSeconds: 0 };
  }

  /** Lets go of buckets whose time is over: a long run meets a new one with every interaction. */
  forgetOld(now = Date.now()): void {
    for (const [key, { resetsAt }] of this.buckets) if (resetsAt <= now) this.buckets.delete(key);
  }

  private refuse(route: string, waitMs: number, headers: Readonly<Record<string, string>>): Verdict {
    this.refused.push(route);
    const retryAfterSeconds = Math.max(1, waitMs) / 1_000;
    return {
      limited: true,
      headers: { ...headers, 'retry-after': String(Math.ceil(retryAfterSeconds)) },
      retryAfterSeconds,
    };
  }
}
