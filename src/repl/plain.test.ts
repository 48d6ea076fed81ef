import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { memoryServices } from '../../test/pty/fixtures/memory-services.ts';
import { runPlain } from './plain.ts';

async function chat(input: string, engine = 'names') {
  const services = memoryServices({
    names: { kind: 'completion', answer: (prompt) => (prompt === '' ? ['myliena'] : ['i', 'ly']) },
    chat: { kind: 'chat', answer: (prompt) => [`You said: ${prompt}\ttab`] },
  });
  const session = await services.createSession(engine);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runPlain(
    session,
    services,
    { stdin: Readable.from([input]), stdout, stderr },
    new AbortController().signal,
  );
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr) };
}

test('answers to standard output, the rest to standard error', async () => {
  const { code, out, err } = await chat('\nem\n/engine chat\nhello\n');
  expect(out).toBe('myliena\nily\nYou said: hello    tab\n\n');
  expect(err).toBe(
    'names → chat: the conversation goes on.\nchat begins with a question: it is not given the oldest message.\n',
  );
  expect(code).toBe(0);
});

test('lines go on after a backslash and inside a block', async () => {
  const { out } = await chat('one\\\ntwo\n"""three\nfour"""\n', 'chat');
  expect(out).toContain('You said: one\ntwo');
  expect(out).toContain('You said: three\nfour');
});

test('a failure is told with its hint, the rest is still done, and the exit code says so', async () => {
  const { code, out, err } = await chat('/engine nonsense\nem\n/exit\nnever\n');
  expect(err).toContain('No engine is called "nonsense".\n  Known: names, chat.');
  expect(out).toBe('ily\n');
  expect(code).toBe(1);
});
