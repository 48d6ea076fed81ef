// Entry of one shard's process; `babble bot` starts it (see commands/bot.ts).
import { run } from './commands/bot.ts';

process.exit(await run(process.argv.slice(2)));
