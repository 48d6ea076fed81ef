// `npm run test:kill`: a training run killed with SIGKILL 50 times ends like one never killed.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync('vitest', ['run', 'test/training-kill.test.ts'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, BABBLE_KILLS: process.env.BABBLE_KILLS ?? '50' },
});
process.exit(status ?? 1);
