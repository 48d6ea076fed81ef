/** /why of every toy engine, in the real program: what it is asked for is what is shown. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PtyProgram } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));

test('each engine says why in its own way', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'babble-why-'));
  try {
    await using program = new PtyProgram(
      process.execPath,
      [babble, '--engine', 'bigram-count', '--seed', '1', '--max-tokens', '3'],
      { rows: 40, env: { BABBLE_HOME: home, BABBLE_IMAGES: 'off' } },
    );
    await program.waitFor('729 param');
    const answers: readonly (readonly [engine: string, ask: string, shown: RegExp])[] = [
      ['bigram-count', '/why', /: the row of "[a-z]"/],
      ['bigram-grad', '/why', /: the row of "[a-z]"/],
      ['mlp', '/why', /: those most like "[a-z]"/],
      ['wavenet', '/why', /: those most like "[a-z]"/],
      ['gpt', '/why', /What each layer \(row\) would say next/],
      ['gpt', '/why 2 1', /Attention of layer 2, head 1/],
      ['tiny-llama', '/why', /What each layer \(row\) would say next/],
      ['tiny-llama', '/why 5 0', /Attention of layer 5, head 0/],
    ];
    let current = 'bigram-count';
    for (const [engine, ask, shown] of answers) {
      if (engine !== current) {
        program.enter(`/engine ${engine}`);
        await program.waitUntil(() =>
          program.scrollback().some((row) => row.startsWith(`${current} → ${engine}`)),
        );
        current = engine;
      }
      const before = program.scrollback().length;
      program.enter('em');
      await program.waitUntil(() =>
        program
          .scrollback()
          .slice(before - 4)
          .some((row) => row.startsWith('› em')),
      );
      program.enter(ask);
      await program.waitUntil(
        () =>
          program
            .scrollback()
            .slice(before - 4)
            .some((row) => shown.test(row)),
        `${engine}: ${ask}`,
      );
    }
    program.enter('/engine llama');
    await program.waitFor('tiny-llama → llama');
    program.enter('/why');
    await program.waitFor('llama cannot say why');
    expect(program.screen().join(' ')).toContain('/probs shows what may come next');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
