import {
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  DiscordAPIError,
  InteractionContextType,
  type MessageComponentInteraction,
  MessageFlags,
  PermissionFlagsBits,
} from 'discord.js';
import { listModels } from '../catalogue/catalogue.ts';
import type { Sampling } from '../engines/engine.ts';
import { AppError } from '../errors.ts';
import { type Asker, refuseAccess } from './access.ts';
import type { BotContext } from './context.ts';
import type { AnswerPlace, AnswerRequest, ChannelSettings } from './store/types.ts';

/** An interaction that an answer can be given to. */
export type Askable = ChatInputCommandInteraction | MessageComponentInteraction;

/** An interaction's token lives this long, in milliseconds. */
const tokenMs = 15 * 60_000;

/** Discord's code for an interaction that has its acknowledgement already. */
const alreadyAcknowledged = 40_060;

export function askerOf(
  interaction: Pick<Askable, 'user' | 'guildId' | 'channelId' | 'channel' | 'member'>,
): Asker {
  const roles = interaction.member?.roles ?? [];
  const channel = interaction.channel;
  return {
    userId: interaction.user.id,
    guildId: interaction.guildId,
    channelId: interaction.channelId ?? '',
    parentId: channel?.isThread() ? channel.parentId : null,
    roles: Array.isArray(roles) ? roles : [...roles.cache.keys()],
  };
}

/** @throws AppError USAGE with the sentence to answer with. */
export function checkAccess(context: BotContext, asker: Asker): void {
  const refusal = refuseAccess(context.config, asker);
  if (refusal) throw new AppError('USAGE', refusal);
}

/** What is set where this is asked: a thread's own settings go before those of its channel. */
export function settingsAt(
  context: BotContext,
  asker: Pick<Asker, 'channelId' | 'parentId'>,
): ChannelSettings {
  const above = asker.parentId === null ? {} : context.store.channelSettings(asker.parentId);
  const own = context.store.channelSettings(asker.channelId);
  // a model belongs to its engine: one engine's model is never handed down to another
  const { model: _, ...rest } = above;
  return own.engine === undefined ? { ...above, ...own } : { ...rest, ...own };
}

/** Engine and model of a place: the channel's own, else the bot's. A model belongs to its engine. */
export function engineAt(
  context: BotContext,
  settings: ChannelSettings,
  chosen?: string,
): { engine: string; model?: string } {
  const engine = chosen ?? settings.engine ?? context.config.engine;
  const model =
    engine === settings.engine
      ? settings.model
      : engine === context.config.engine && !settings.engine
        ? context.config.model
        : undefined;
  return { engine, ...(model === undefined ? {} : { model }) };
}

/** A question under the settings of the place it is asked in. */
export function requestAt(
  context: BotContext,
  settings: ChannelSettings,
  messages: AnswerRequest['messages'],
  change: { sampling?: Sampling; maxTokens?: number | undefined } = {},
): AnswerRequest {
  const most = context.config.limits.maxTokens;
  return {
    messages,
    sampling: { ...settings.sampling, ...change.sampling },
    maxTokens: Math.min(change.maxTokens ?? settings.maxTokens ?? Math.min(512, most), most),
    systemPrompt: settings.prompt ?? '',
    stop: [],
  };
}

/** Acknowledges an interaction and returns the place of its answer. */
export async function defer(
  context: BotContext,
  interaction: Askable,
  isPrivate: boolean,
): Promise<AnswerPlace> {
  await interaction.deferReply(isPrivate ? { flags: MessageFlags.Ephemeral } : {}).catch((error: unknown) => {
    // an acknowledgement that Discord took but answered with 5xx was sent once more by discord.js
    if (!(error instanceof DiscordAPIError) || error.code !== alreadyAcknowledged) throw error;
    interaction.deferred = true;
  });
  context.metrics.acknowledgeSeconds.observe(Math.max(0, Date.now() - interaction.createdTimestamp) / 1_000);
  return {
    kind: 'interaction',
    applicationId: interaction.applicationId,
    token: interaction.token,
    expiresAt: interaction.createdTimestamp + tokenMs,
    private: isPrivate,
    tokenOnly: !mayWrite(interaction),
  };
}

/**
 * May the bot write there once the interaction's token has expired? Always in its direct messages; on a server where
 * it is installed, with permission; nowhere else, since it is not there itself.
 */
function mayWrite(interaction: Askable): boolean {
  if (interaction.context === InteractionContextType.BotDM) return true;
  const onServer = ApplicationIntegrationType.GuildInstall in interaction.authorizingIntegrationOwners;
  if (interaction.guildId === null || !onServer) return false;
  const inThread = interaction.channel?.isThread() ?? false;
  const { ViewChannel, SendMessages, SendMessagesInThreads } = PermissionFlagsBits;
  return interaction.appPermissions.has([ViewChannel, inThread ? SendMessagesInThreads : SendMessages]);
}

/** @throws AppError USAGE when a text is longer than the bot takes. */
export function checkLength(context: BotContext, text: string): void {
  const most = context.config.limits.promptCharacters;
  if (text.length <= most) return;
  throw new AppError('USAGE', `Your text has ${text.length} characters; ${most} is the most here.`);
}

/**
 * A person on Discord may name a model of the catalogue, never a path on this machine.
 * @throws AppError UNKNOWN_MODEL.
 */
export async function checkModel(model: string | null): Promise<void> {
  if (model === null) return;
  const known = (await listModels()).filter(({ error }) => !error).map(({ id }) => id);
  if (known.includes(model)) return;
  throw new AppError(
    'UNKNOWN_MODEL',
    `No model is called "${model.slice(0, 100)}". Known models: ${known.join(', ')}.`,
  );
}
