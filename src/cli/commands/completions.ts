import { Argument } from 'commander';
import type { CommandDefinition } from '../completions/definitions.ts';
import { createCommand } from '../options.ts';
import type { CommandEntry, CommandModule } from '../table.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

const usage = `
bash, in ~/.bashrc:              eval "$(babble completions bash)"
zsh, in ~/.zshrc after compinit: eval "$(babble completions zsh)"
fish, once:                      babble completions fish > ~/.config/fish/completions/babble.fish`;

/** `babble completions bash`: a script that makes the shell complete commands, options, engines and models. */
export const completionsOf = (commands: () => readonly CommandEntry[]): CommandModule => ({
  async run(args) {
    const command = createCommand('completions', 'Print what makes a shell complete the commands of babble.')
      .addArgument(new Argument('<shell>').choices(shells))
      .addHelpText('after', usage);
    command.parse(args, { from: 'user' });
    const { readDefinitions } = await import('../completions/definitions.ts');
    const script = await scripts[command.args[0] as (typeof shells)[number]]();
    process.stdout.write(script(await readDefinitions(commands())));
    return 0;
  },
});

type Script = (definitions: readonly CommandDefinition[]) => string;

const scripts: Readonly<Record<(typeof shells)[number], () => Promise<Script>>> = {
  bash: async () => (await import('../completions/bash.ts')).bashScript,
  zsh: async () => (await import('../completions/zsh.ts')).zshScript,
  fish: async () => (await import('../completions/fish.ts')).fishScript,
};
