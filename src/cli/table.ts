/** A command's code: parses its own flags, returns the exit code, throws AppError or CommanderError. */
export interface CommandModule {
  run(args: readonly string[]): Promise<number>;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Not for people: neither in the help nor among the completions. */
  readonly hidden?: boolean;
  load(): Promise<CommandModule>;
}

const all: readonly CommandEntry[] = [
  {
    name: 'chat',
    summary: 'talk to a model in the terminal (the default)',
    load: () => import('./commands/chat.ts'),
  },
  {
    name: 'run',
    summary: 'one prompt, one answer: for scripts and pipes',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'models',
    summary: 'list, fetch, show and remove models',
    load: () => import('./commands/models.ts'),
  },
  { name: 'train', summary: 'train a model from its data', load: () => import('./commands/train.ts') },
  {
    name: 'finetune',
    summary: 'train a model further on a text of your own',
    load: () => import('./commands/finetune.ts'),
  },
  { name: 'eval', summary: "measure a model's loss", load: () => import('./commands/eval.ts') },
  {
    name: 'audit',
    summary: 'tell how much of what a model writes it has learnt by heart',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'report',
    summary: 'all models side by side on one page, with pictures',
    load: () => import('./commands/report.ts'),
  },
  {
    name: 'export',
    summary: 'write a model trained here as GGUF, for llama.cpp',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'inspect',
    summary: 'look into a model: in the terminal, or as a picture',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'config',
    summary: 'show and change the settings',
    load: () => import('./commands/config.ts'),
  },
  { name: 'bot', summary: 'the Discord bot', load: () => import('./commands/bot.ts') },
  {
    name: 'serve',
    summary: 'offer every model over an OpenAI-compatible interface',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'completions',
    summary: 'print what makes bash, zsh or fish complete the commands',
    load: async () => (await import('./commands/completions.ts')).completionsOf(() => commands),
  },
  {
    name: '__complete',
    summary: 'print the names of one kind, for the shells',
    hidden: true,
    load: () => import('./commands/complete.ts'),
  },
];

/** Every command for people, in the order of the help. */
export const commands: readonly CommandEntry[] = all.filter(({ hidden }) => !hidden);

/** By name, also those that are not for people. */
export function findCommand(name: string): CommandEntry | undefined {
  return all.find((candidate) => candidate.name === name);
}

/** What `babble --help` prints. */
export function helpText(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `babble: one chat for every language model

Usage: babble [command] [options]

${lines.join('\n')}

  --version  print the version
  --help     print this; \`babble <command> --help\` for one command

With no command, babble opens the chat. Everything runs on this machine; nothing is sent anywhere,
unless you choose the engine "remote" or run the Discord bot.
`;
}
