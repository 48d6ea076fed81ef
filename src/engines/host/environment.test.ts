import { expect, test } from 'vitest';
import { engineEnvironment } from './environment.ts';

/** What every engine process gets. */
const ours = { UV_THREADPOOL_SIZE: '1', GGML_NO_BACKTRACE: '1' };

test('secrets are kept back, but for those the engine needs', () => {
  const env = {
    PATH: '/bin',
    HOME: '/home/x',
    NODE_OPTIONS: '--inspect',
    DISCORD_TOKEN: 's',
    HF_TOKEN: 's',
    OPENAI_API_KEY: 's',
    AWS_SECRET_ACCESS_KEY: 's',
    DB_PASSWORD: 's',
    babble_api_key: 's',
  };
  expect(engineEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/home/x', ...ours });
  expect(engineEnvironment(env, ['OPENAI_API_KEY'])).toEqual({
    PATH: '/bin',
    HOME: '/home/x',
    OPENAI_API_KEY: 's',
    ...ours,
  });
});
