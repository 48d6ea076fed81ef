import { z } from 'zod';

/**
 * The limits Discord puts on what a bot may send, as far as babble sends it. A body that breaks one is
 * answered as Discord answers it: 400, code 50035.
 */
const text = (most: number) => z.string().max(most);
const localizations = (most: number) => z.record(z.string(), z.string().min(1).max(most)).nullish();
const commandName = z.string().regex(/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u);

const isSlashName = (name: string) => commandName.safeParse(name).success && name === name.toLowerCase();

const emoji = z.looseObject({ name: z.string().nullish(), id: z.string().nullish() });
const button = z.looseObject({
  type: z.literal(2),
  style: z.number().int().min(1).max(6),
  label: text(80).optional(),
  custom_id: z.string().min(1).max(100).optional(),
  url: z.string().max(512).optional(),
  emoji: emoji.optional(),
  disabled: z.boolean().optional(),
});
const select = z.looseObject({
  type: z.union([z.literal(3), z.literal(5), z.literal(6), z.literal(7), z.literal(8)]),
  custom_id: z.string().min(1).max(100),
  placeholder: text(150).optional(),
  options: z
    .array(
      z.looseObject({ label: text(100).min(1), value: text(100).min(1), description: text(100).optional() }),
    )
    .min(1)
    .max(25)
    .optional(),
});
const textInput = z.looseObject({
  type: z.literal(4),
  custom_id: z.string().min(1).max(100),
  label: text(45).optional(),
});
const row = z.looseObject({
  type: z.literal(1),
  components: z
    .array(z.union([button, select, textInput]))
    .min(1)
    .max(5),
});

const embed = z.looseObject({
  title: text(256).optional(),
  description: text(4096).optional(),
  url: z.string().optional(),
  color: z.number().int().min(0).max(0xffffff).nullish(),
  footer: z.looseObject({ text: text(2048) }).optional(),
  fields: z
    .array(z.looseObject({ name: text(256).min(1), value: text(1024).min(1) }))
    .max(25)
    .optional(),
  image: z.looseObject({ url: z.string() }).nullish(),
});

export const message = z
  .looseObject({
    content: text(2000).nullish(),
    embeds: z.array(embed).max(10).nullish(),
    components: z.array(row).max(5).nullish(),
    allowed_mentions: z
      .looseObject({
        parse: z.array(z.enum(['roles', 'users', 'everyone'])).optional(),
        replied_user: z.boolean().optional(),
      })
      .nullish(),
    attachments: z
      .array(z.looseObject({ id: z.union([z.string(), z.number()]), description: text(1024).nullish() }))
      .nullish(),
    flags: z.number().int().nullish(),
    message_reference: z.looseObject({ message_id: z.string() }).nullish(),
  })
  .refine(
    (body) => (body.embeds ?? []).reduce((sum, one) => sum + JSON.stringify(one).length, 0) <= 12_000,
    'embeds too long',
  );

const choice = z.looseObject({
  name: text(100).min(1),
  name_localizations: localizations(100),
  value: z.union([text(100), z.number()]),
});

const option: z.ZodType = z.lazy(() =>
  z.looseObject({
    type: z.number().int().min(1).max(11),
    name: z.string().refine(isSlashName, 'must be a lower-case name'),
    name_localizations: localizations(32),
    description: z.string().min(1).max(100),
    description_localizations: localizations(100),
    choices: z.array(choice).max(25).optional(),
    options: z.array(option).max(25).optional(),
    min_length: z.number().int().min(0).max(6000).optional(),
    max_length: z.number().int().min(1).max(6000).optional(),
    autocomplete: z.boolean().optional(),
  }),
);

export const command = z
  .looseObject({
    type: z.number().int().min(1).max(4).optional(),
    name: z.string().min(1).max(32),
    name_localizations: localizations(32),
    description: text(100).optional(),
    description_localizations: localizations(100),
    options: z.array(option).max(25).optional(),
    integration_types: z.array(z.number().int().min(0).max(1)).nullish(),
    contexts: z.array(z.number().int().min(0).max(2)).nullish(),
    default_member_permissions: z.string().nullish(),
  })
  .refine((body) => (body.type ?? 1) !== 1 || ((body.description ?? '') !== '' && isSlashName(body.name)), {
    message: 'a slash command needs a description and a lower-case name',
  });

export const interactionCallback = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal(1) }),
  z.looseObject({ type: z.literal(4), data: message }),
  z.looseObject({
    type: z.literal(5),
    data: z.looseObject({ flags: z.number().int().optional() }).nullish(),
  }),
  z.looseObject({ type: z.literal(6) }),
  z.looseObject({ type: z.literal(7), data: message.nullish() }),
  z.looseObject({ type: z.literal(8), data: z.looseObject({ choices: z.array(choice).max(25) }) }),
  z.looseObject({
    type: z.literal(9),
    data: z.looseObject({
      custom_id: text(100),
      title: text(45),
      components: z.array(z.looseObject({})).min(1).max(5),
    }),
  }),
]);
