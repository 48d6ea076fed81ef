import { type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import { sanitiseForDiscord } from '../text/sanitise-discord.ts';
import { splitMessage } from '../text/split.ts';

/** Answers a command at once, seen by the asker alone; long texts take several messages. */
export async function replyText(interaction: ChatInputCommandInteraction, text: string): Promise<void> {
  const [first = '', ...rest] = splitMessage(sanitiseForDiscord(text));
  const flags = MessageFlags.Ephemeral;
  if (interaction.deferred) await interaction.editReply(first);
  else await interaction.reply({ content: first, flags });
  for (const content of rest) await interaction.followUp({ content, flags });
}

/** Text as a code block that nothing inside can close. */
export function codeBlock(text: string): string {
  return `\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``;
}
