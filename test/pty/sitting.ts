import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { buildFixture } from './build.ts';
import { PtyProgram, type TerminalOptions } from './terminal.ts';

/**
 * Builds the fixture `sitting` for a test file, and removes it after the file's tests. Gives the function that
 * starts the terminal front end with an engine in memory and waits for its prompt.
 * @param ready text that is on the screen once the prompt is there
 */
export function sittings(
  ready = 'param',
): (engine: string, options?: TerminalOptions) => Promise<PtyProgram> {
  let script: string;
  beforeAll(async () => {
    script = await buildFixture('sitting');
  });
  afterAll(() => rm(script, { force: true }));
  return async (engine, options = {}) => {
    const program = new PtyProgram(process.execPath, [script, engine], options);
    await program.waitFor(ready);
    return program;
  };
}
