#!/usr/bin/env node
import { setup } from './lib/setup.mjs';
// `npm run setup [-- --force]`: prepares everything and tries again what failed the last time.
import { describe } from './lib/setup-error.mjs';

try {
  await setup({ force: process.argv.includes('--force') });
  process.stderr.write('babble is set up. Start it with `npm start`.\n');
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
}
