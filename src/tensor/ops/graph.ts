/**
 * Operations recorded once and then run by TensorFlow's graph executor: one call for all of them, with what does
 * not depend on one another side by side on several cores. Worth it where a step is many small operations.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Eager } from './eager.ts';
import { GraphWriter } from './graph-writer.ts';
import type { Handle } from './runtime.ts';

export class Graph implements Disposable {
  readonly #e: Eager;
  readonly #session: number;
  readonly #inputNames: string;
  readonly #outputNames: string;

  /**
   * Runs `body` once to see what it does; its results are thrown away. Whatever changes from run to run must be
   * among `inputs` and keep its shape: everything else that `body` reads becomes a constant.
   * @param anyLength by input, the axis along which its length may change after all, if `body` does not look at it
   */
  constructor(
    e: Eager,
    inputs: readonly Handle[],
    body: () => readonly Handle[],
    anyLength: ReadonlyMap<Handle, number> = new Map(),
  ) {
    this.#e = e;
    const writer = new GraphWriter(e);
    this.#inputNames = inputs.map((input) => writer.input(input, anyLength.get(input))).join();
    this.#outputNames = e.scope(() => {
      const outputs = e.record((op) => writer.add(op), body);
      return outputs.map((output) => writer.nameOf(output)).join();
    });
    const folder = mkdtempSync(path.join(tmpdir(), 'babble-graph-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), writer.savedModel());
      this.#session = e.openGraph(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** The body's results for these inputs, which are in the order of the constructor's. */
  run(inputs: readonly Handle[]): Handle[] {
    return this.#e.runGraph(this.#session, inputs, this.#inputNames, this.#outputNames);
  }

  [Symbol.dispose](): void {
    this.#e.closeGraph(this.#session);
  }
}
