// `npm run test:cuts`: 500 connections cut at random points, and 50 pulls killed; never a bad install.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('vitest', ['run', 'src/catalogue/pull', 'test/models-command'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, BABBLE_CUTS: process.env.BABBLE_CUTS ?? '500' },
});
process.exit(status ?? 1);
