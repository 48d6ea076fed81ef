/** A part of one of several streams, by the stream's place among them. */
export interface Merged<Part> {
  readonly index: number;
  readonly part: Part;
}

/**
 * Several streams as one, each part as it comes. Each stream is pulled only when its last part was read, so
 * back-pressure holds. When the reader leaves early or a stream throws, `controller` is aborted and all are ended.
 */
export async function* merge<Part>(
  streams: readonly AsyncIterable<Part>[],
  controller: AbortController,
): AsyncGenerator<Merged<Part>, void> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const arrived: (() => Merged<IteratorResult<Part>>)[] = [];
  let wake = Promise.withResolvers<void>();
  const arrive = (take: (typeof arrived)[number]) => {
    arrived.push(take);
    wake.resolve();
  };
  const pull = (index: number) =>
    iterators[index]!.next().then(
      (part) => arrive(() => ({ index, part })),
      (error: unknown) =>
        arrive(() => {
          throw error;
        }),
    );
  let open = iterators.length;
  for (const index of iterators.keys()) void pull(index);
  try {
    while (open > 0) {
      const take = arrived.shift();
      if (!take) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      const { index, part } = take();
      if (part.done) open -= 1;
      else {
        yield { index, part: part.value };
        void pull(index);
      }
    }
  } finally {
    if (open > 0) {
      controller.abort();
      await Promise.all(iterators.map((iterator) => iterator.return?.().catch(() => {})));
    }
  }
}
