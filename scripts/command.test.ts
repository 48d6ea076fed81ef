import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '..');
const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** A babble whose dist/cli.js is a few lines, so that the command itself is what is tested. */
let home: string;
let command: string;

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'babble-command-'));
  command = path.join(home, 'bin', 'babble.mjs');
  fs.cpSync(path.join(root, 'bin'), path.join(home, 'bin'), { recursive: true });
  fs.cpSync(path.join(root, 'package.json'), path.join(home, 'package.json'));
});

afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

test('--version needs no build', async () => {
  expect(await run(process.execPath, [command, '--version'])).toEqual({ stdout: `${version}\n`, stderr: '' });
});

test('without a build it says what to run', async () => {
  await expect(run(process.execPath, [command])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/not built yet[\s\S]*npm run setup/),
  });
});

describe('built', () => {
  beforeAll(() => {
    const code = `
      export async function main(args) {
        const show = () => console.log(JSON.stringify(args));
        if (args[0] !== 'wait') return show(), 7;
        process.once('SIGTERM', () => process.exit(9));
        show();
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }
    `;
    fs.mkdirSync(path.join(home, 'dist'));
    fs.writeFileSync(path.join(home, 'dist', 'cli.js'), code);
  });

  test('arguments and exit code pass through', async () => {
    const failed = run(process.execPath, [command, 'run', '--engine', 'a b']);
    await expect(failed).rejects.toMatchObject({ code: 7, stdout: expect.stringContaining('"a b"') });
  });

  describe('under an older Node', () => {
    let older: string[];

    beforeAll(() => {
      // the older Node is this one that says it is 20; the bundled one is this one by another name
      const disguise = path.join(home, 'older.cjs');
      fs.writeFileSync(
        disguise,
        "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });",
      );
      older = ['--require', disguise, command];
    });

    test('with no Node 24 it says what to run', async () => {
      await expect(run(process.execPath, older)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/needs Node 24 or newer; this is 20\.1\.0[\s\S]*npm run setup/),
      });
    });

    test('it moves over to Node 24 with arguments, exit code and signals', async () => {
      const bundled = path.join(home, 'node_modules', 'node', 'bin', 'node');
      fs.mkdirSync(path.dirname(bundled), { recursive: true });
      fs.symlinkSync(process.execPath, bundled);
      await expect(run(process.execPath, [...older, 'x'])).rejects.toMatchObject({ code: 7 });

      const child = spawn(process.execPath, [...older, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([9, null]);
    });
  });
});
