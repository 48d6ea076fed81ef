#!/usr/bin/env node
// `npm start [-- arguments]`: sets up what is missing, then runs babble. When all is ready, little happens here.
import { isReady, setup } from './lib/setup.mjs';

let ready = isReady();
if (!ready) {
  const { describe } = await import('./lib/setup-error.mjs');
  try {
    await setup();
    ready = true;
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    process.exitCode = 1;
  }
}
if (ready) await import('../bin/babble.mjs');
