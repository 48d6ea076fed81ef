import { OAuth2Scopes, PermissionFlagsBits, type REST, Routes } from 'discord.js';

/** The least that the bot needs, each with its reason. */
export const neededPermissions = [
  [PermissionFlagsBits.ViewChannel, 'see the channels it answers in'],
  [PermissionFlagsBits.SendMessages, 'answer'],
  [PermissionFlagsBits.SendMessagesInThreads, 'answer in threads'],
  [PermissionFlagsBits.CreatePublicThreads, 'open a thread with /chat'],
  [PermissionFlagsBits.AttachFiles, 'send long answers as a file, and pictures'],
  [PermissionFlagsBits.EmbedLinks, 'show pictures in messages'],
  [PermissionFlagsBits.ReadMessageHistory, 'reply to a message'],
] as const;

/** The id of the application that the token belongs to. */
export async function readApplicationId(rest: REST): Promise<string> {
  return ((await rest.get(Routes.currentApplication())) as { id: string }).id;
}

/** The link with which a server's owner adds the bot, with no more permissions than it needs. */
export function inviteLink(applicationId: string): string {
  const permissions = neededPermissions.reduce((sum, [bit]) => sum | bit, 0n);
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: [OAuth2Scopes.Bot, OAuth2Scopes.ApplicationsCommands].join(' '),
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}
