/**
 * A stream with events mixed in as they come. The stream is pulled only when the reader wants more, so its
 * back-pressure holds. When the reader leaves early, `controller` is aborted and the stream ended.
 */
export async function* withEvents<Part, Event>(
  stream: AsyncIterable<Part>,
  subscribe: (listener: (event: Event) => void) => () => void,
  controller: AbortController,
): AsyncGenerator<Part | Event, void> {
  const events: Event[] = [];
  let arrived = Promise.withResolvers<undefined>();
  const unsubscribe = subscribe((event) => {
    events.push(event);
    arrived.resolve(undefined);
  });
  const iterator = stream[Symbol.asyncIterator]();
  let hasEnded = false;
  let next: Promise<IteratorResult<Part>> | undefined;
  try {
    while (!hasEnded) {
      next ??= iterator.next();
      const result = await Promise.race([next, arrived.promise]);
      arrived = Promise.withResolvers();
      yield* events.splice(0);
      if (!result) continue;
      next = undefined;
      if (result.done) hasEnded = true;
      else yield result.value;
    }
  } finally {
    unsubscribe();
    if (!hasEnded) {
      next?.catch(() => {}); // the reader has gone, or has the error already
      controller.abort();
      await iterator.return?.();
    }
  }
}
