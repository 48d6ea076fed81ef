import { once } from 'node:events';
import { expect, it } from 'vitest';
import { withEvents } from './with-events.ts';

/** An event source driven by hand. */
function source() {
  const listeners = new Set<(event: string) => void>();
  return {
    listeners,
    emit: (event: string) => {
      for (const listener of listeners) listener(event);
    },
    subscribe: (listener: (event: string) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

it('mixes events in as they come, also while the stream is silent', async () => {
  const events = source();
  const gate = Promise.withResolvers<void>();
  async function* stream() {
    yield 1;
    await gate.promise;
    yield 2;
  }
  const seen: (number | string)[] = [];
  for await (const part of withEvents<number, string>(stream(), events.subscribe, new AbortController())) {
    seen.push(part);
    if (part === 1) queueMicrotask(() => events.emit('a'));
    if (part === 'a') events.emit('b');
    if (part === 'b') gate.resolve();
  }
  expect(seen).toEqual([1, 'a', 'b', 2]);
  expect(events.listeners.size).toBe(0);
});

it('pulls no further than the reader reads', async () => {
  let pulled = 0;
  async function* stream() {
    for (;;) yield pulled++;
  }
  const parts = withEvents(stream(), source().subscribe, new AbortController());
  for (let i = 0; i < 3; i++) await parts.next();
  expect(pulled).toBe(3);
  await parts.return();
});

it('ends a silent stream when the reader leaves', async () => {
  const events = source();
  const controller = new AbortController();
  let hasEnded = false;
  async function* stream(): AsyncGenerator<number> {
    try {
      await once(controller.signal, 'abort');
      yield 1;
    } finally {
      hasEnded = true;
    }
  }
  const parts = withEvents<number, string>(stream(), events.subscribe, controller);
  const first = parts.next();
  events.emit('loading');
  expect(await first).toEqual({ value: 'loading', done: false });
  await parts.return();
  expect(hasEnded).toBe(true);
  expect(events.listeners.size).toBe(0);
});

it('gives the stream’s error to the reader', async () => {
  async function* stream(): AsyncGenerator<number> {
    yield 1;
    throw new Error('broken');
  }
  const parts = withEvents(stream(), source().subscribe, new AbortController());
  await parts.next();
  await expect(parts.next()).rejects.toThrow('broken');
});
