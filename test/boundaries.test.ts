import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../src/paths.ts';

/** Plants forbidden imports in a copy of the sources and expects dependency-cruiser to name the broken rule. */
const plants: readonly (readonly [rule: string, file: string, specifier: string, target?: string])[] = [
  ['front-ends-apart', 'src/repl/planted.ts', '../bot/planted-target.ts', 'src/bot/planted-target.ts'],
  ['front-ends-apart-2', 'src/bot/planted.ts', '../repl/planted-target.ts', 'src/repl/planted-target.ts'],
  [
    'front-ends-use-public-rooms',
    'src/repl/planted.ts',
    '../engines/host/planted-target.ts',
    'src/engines/host/planted-target.ts',
  ],
  ['chat-sees-client', 'src/chat/planted.ts', '../tensor/planted-target.ts', 'src/tensor/planted-target.ts'],
  [
    'engines-apart',
    'src/engines/mlp/planted.ts',
    '../bigram/planted-target.ts',
    'src/engines/bigram/planted-target.ts',
  ],
  [
    'engine-sees-below',
    'src/engines/mlp/planted.ts',
    '../../chat/planted-target.ts',
    'src/chat/planted-target.ts',
  ],
  [
    'only-train-trains',
    'src/engines/mlp/planted.ts',
    '../../training/planted-target.ts',
    'src/training/planted-target.ts',
  ],
  ['tensor-below', 'src/tensor/planted.ts', '../chat/planted-target.ts', 'src/chat/planted-target.ts'],
  [
    'host-is-the-only-loader',
    'src/chat/planted.ts',
    '../engines/mlp/planted-target.ts',
    'src/engines/mlp/planted-target.ts',
  ],
  [
    'middle-rooms-see-types',
    'src/catalogue/planted.ts',
    '../chat/planted-target.ts',
    'src/chat/planted-target.ts',
  ],
  ['tensorflow-in-tensor', 'src/chat/planted.ts', '@tensorflow/tfjs-node'],
  ['llama-cpp-in-llama', 'src/engines/mlp/planted.ts', 'node-llama-cpp'],
  ['llama-cpp-in-llama', 'src/chat/planted.ts', 'koffi'],
  ['discord-in-bot', 'src/repl/planted.ts', 'discord.js'],
  ['ink-in-repl', 'src/chat/planted.ts', 'ink'],
];

let folder: string;
let modulesRead: number;
let violations: { rule: { name: string }; from: string; to: string }[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-boundaries-'));
  for (const name of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    await cp(path.join(packageRoot, name), path.join(folder, name), { recursive: true });
  }
  await symlink(path.join(packageRoot, 'node_modules'), path.join(folder, 'node_modules'));
  const imports = new Map<string, string[]>();
  for (const [, file, specifier, target] of plants) {
    imports.set(file, [...(imports.get(file) ?? []), `import '${specifier}';`]);
    if (target) {
      await mkdir(path.dirname(path.join(folder, target)), { recursive: true });
      await writeFile(path.join(folder, target), 'export {};\n');
    }
  }
  for (const [file, lines] of imports) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), `${lines.join('\n')}\n`);
  }
  const depcruise = path.join(
    packageRoot,
    'node_modules',
    'dependency-cruiser',
    'bin',
    'dependency-cruiser.mjs',
  );
  const args = [depcruise, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { summary } = JSON.parse(stdout);
  modulesRead = summary.totalCruised;
  violations = summary.violations;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the check reads the sources (it would pass on none)', () => {
  expect(modulesRead).toBeGreaterThan(30);
});

test.each(plants.map(([rule, file, specifier]) => [rule, file, specifier] as const))(
  'a planted violation of %s is found',
  (rule, file, specifier) => {
    const found = violations.filter((violation) => violation.rule.name === rule && violation.from === file);
    const target = path.basename(specifier);
    expect(found.map((violation) => violation.to)).toContainEqual(expect.stringContaining(target));
  },
);
