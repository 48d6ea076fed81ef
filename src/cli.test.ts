import { afterEach, expect, test, vi } from 'vitest';
import { commands } from './cli/table.ts';
import { main } from './cli.ts';

const written = { out: '', err: '' };
vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
  written.out += text;
  return true;
});
vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
  written.err += text;
  return true;
});
afterEach(() => {
  written.out = '';
  written.err = '';
});

test('the help names every command', async () => {
  expect(await main(['--help'])).toBe(0);
  for (const command of commands) expect(written.out).toContain(command.name);
});

test('an unknown command exits 2 and lists the known ones', async () => {
  expect(await main(['tain'])).toBe(2);
  expect(written.err).toContain('There is no command "tain". Known commands: chat, run');
});

test('an unknown flag exits 2 and points at the help', async () => {
  expect(await main(['run', '--sample', '3'])).toBe(2);
  expect(written.err).toContain("unknown option '--sample'");
  expect(written.err).toContain('babble run --help');
});

test('an unknown engine exits 2 and lists the known ones', async () => {
  expect(await main(['run', '--engine', 'bigram', 'a'])).toBe(2);
  expect(written.err).toContain(
    'No engine is called "bigram". Known engines: bigram-count, bigram-grad, mlp',
  );
});
