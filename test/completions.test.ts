/** The shells' completions: the scripts as the command prints them, sourced by the real shells. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../src/cli/table.ts';
import { listEngines } from '../src/engines/registry.ts';
import { babble, babbleFile } from './command.ts';
import { PtyProgram } from './pty/terminal.ts';

const run = promisify(execFile);
/** Whether a shell is on this machine; where it is not its tests are skipped. */
const has = async (shell: string) =>
  run(shell, ['--version']).then(
    () => true,
    () => false,
  );
const [hasBash, hasZsh, hasFish] = await Promise.all(['bash', 'zsh', 'fish'].map(has));

let home: string;
let env: Record<string, string>;
const script = (shell: string) => path.join(home, `babble.${shell}`);

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-completions-'));
  // The command on the PATH, which the scripts ask for names.
  const bin = path.join(home, 'bin');
  await mkdir(bin);
  await writeFile(path.join(bin, 'babble'), `#!/bin/sh\nexec '${process.execPath}' '${babbleFile}' "$@"\n`);
  await chmod(path.join(bin, 'babble'), 0o755);
  env = {
    ...(process.env as Record<string, string>),
    BABBLE_HOME: home,
    PATH: `${bin}:${process.env['PATH']}`,
  };
  await mkdir(path.join(home, 'data', 'models', 'my-own'), { recursive: true });
  await mkdir(path.join(home, 'data', 'models', '$(touch x) y'));
  await mkdir(path.join(home, 'work', 'texts'), { recursive: true });
  await writeFile(path.join(home, 'work', 'poem.txt'), '');
  await babble(['models', 'alias', 'bard', 'tiny-llama-gguf'], { home });
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await babble(['completions', shell], { home });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await writeFile(script(shell), stdout);
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

const engines = listEngines().map(({ id }) => id);
const models = ['bigram-count', 'tiny-llama-gguf', 'my-own', 'bard'];

describe.skipIf(!hasBash)('bash (skipped where it is not)', () => {
  /** What bash offers for the last word. */
  async function complete(...words: string[]): Promise<string[]> {
    const program = `
      source "$1"; shift
      [ "$(complete -p babble)" = 'complete -F _babble babble' ] || exit 1
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _babble babble "\${COMP_WORDS[COMP_CWORD]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const given = ['-c', program, 'bash', script('bash'), 'babble', ...words];
    const { stdout, stderr } = await run('bash', given, { env, cwd: path.join(home, 'work') });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  }

  test('commands, and those below them', async () => {
    expect(await complete('')).toEqual(commands.map(({ name }) => name));
    expect(await complete('mo')).toEqual(['models']);
    expect(await complete('models', '')).toEqual(
      expect.arrayContaining(['list', 'curated', 'show', 'pull', 'rm', 'alias']),
    );
  });

  test('options of the command, of the chat when none is named', async () => {
    expect(await complete('run', '--sa')).toEqual(['--samples']);
    expect(await complete('run', '--engine', 'mlp', '--json')).toEqual(['--json', '--jsonl']);
    expect(await complete('--res')).toEqual(['--resume']);
    expect(await complete('models', 'rm', '--')).toEqual(['--yes', '--help']);
  });

  test('engines, and the models that are there now, of one’s own and by alias', async () => {
    expect(await complete('run', '--engine', '')).toEqual(engines);
    expect(await complete('-e', 'big')).toEqual(['bigram-count', 'bigram-grad']);
    const offered = await complete('run', '-m', '');
    expect(offered).toEqual(expect.arrayContaining(models));
    expect(offered.filter((name) => /[^\w.-]/.test(name))).toEqual([]);
    expect(await complete('models', 'show', 'b')).toEqual(['bigram-count', 'bigram-grad', 'bard']);
    expect(await complete('models', 'pull', 'llama-6')).toEqual(['llama-65b']);
  });

  test('a value after an equals sign, which bash makes a word of', async () => {
    expect(await complete('run', '--engine', '=')).toEqual(engines);
    expect(await complete('run', '--engine', '=', 'ml')).toEqual(['mlp']);
    expect(await complete('inspect', '--engine', '=', 'mlp', 'heat')).toEqual(['heatmap']);
  });

  test('the words that an option or an argument may be', async () => {
    expect(await complete('inspect', '--theme', '')).toEqual(['light', 'dark']);
    expect(await complete('inspect', 'to')).toEqual(['topology']);
    expect(await complete('inspect', '--engine', 'mlp', 'heatmap', '')).toEqual([]);
    expect(await complete('completions', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('files where a file is wanted, and nothing where anything goes', async () => {
    expect((await complete('run', '--file', '')).toSorted()).toEqual(['poem.txt', 'texts']);
    expect(await complete('run', '--file', 'te')).toEqual(['texts']);
    expect(await complete('run', '--model', './p')).toEqual(['./poem.txt']);
    expect(await complete('run', 'To be ')).toEqual([]);
    expect(await complete('run', '--seed', '')).toEqual([]);
    expect(await complete('nobody', '')).toEqual([]);
  });
});

describe.skipIf(!hasFish)('fish (skipped where it is not)', () => {
  async function complete(line: string): Promise<string[]> {
    const given = ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script('fish'), line];
    const { stdout } = await run('fish', given, {
      env: { ...env, HOME: home },
      cwd: path.join(home, 'work'),
    });
    return stdout
      .split('\n')
      .filter((entry) => entry !== '')
      .map((entry) => entry.split('\t')[0]!);
  }

  test('commands, options, engines, models, words and files', async () => {
    expect((await complete('babble ')).toSorted()).toEqual(commands.map(({ name }) => name).toSorted());
    expect(await complete('babble models r')).toEqual(['rm']);
    expect(await complete('babble run --sam')).toEqual(['--samples']);
    expect(await complete('babble --resu')).toEqual(['--resume']);
    expect((await complete('babble run --engine ')).toSorted()).toEqual(engines.toSorted());
    expect(await complete('babble run --model=my')).toEqual(['--model=my-own']);
    expect(await complete('babble models show bar')).toEqual(['bard']);
    expect((await complete('babble inspect --theme ')).toSorted()).toEqual(['dark', 'light']);
    expect(await complete('babble inspect topo')).toEqual(['topology']);
    expect(await complete('babble run --file po')).toEqual(['poem.txt']);
  });
});

describe.skipIf(!hasZsh)('zsh (skipped where it is not)', () => {
  test('commands, options, engines, models and files, on its screen', async () => {
    await writeFile(
      path.join(home, '.zshrc'),
      `PS1='$ '\nautoload -Uz compinit && compinit -u -d "$ZDOTDIR/dump"\nsource "$ZDOTDIR/babble.zsh"\necho ready\n`,
    );
    await using shell = new PtyProgram('zsh', ['-i'], { env: { ...env, ZDOTDIR: home } });
    await shell.waitFor('ready');
    const complete = async (begun: string, wanted: string) => {
      shell.type(`${begun}\t`);
      await shell.waitFor(wanted);
      shell.type('\x15');
    };
    await complete('babble mod', 'babble models');
    await complete('babble run --sam', '--samples');
    await complete('babble run --engine wav', '--engine wavenet');
    await complete('babble run --model=my', '--model=my-own');
    await complete('babble models show bar', 'show bard');
    await complete('babble inspect topo', 'inspect topology');
    await complete(`babble run --file ${home}/work/po`, 'work/poem.txt');
  });
});
