import { expect, test } from 'vitest';
import { type Asker, refuseAccess } from './access.ts';

const nobody = { guilds: [], channels: [], roles: [] };
const none = { allow: nobody, deny: { ...nobody, users: [] as string[] } };
const anna: Asker = {
  userId: 'anna',
  guildId: 'home',
  channelId: 'general',
  parentId: null,
  roles: ['member'],
};

test('without lists everyone may', () => {
  expect(refuseAccess(none, anna)).toBeUndefined();
});

test.each([
  ['users', ['anna'], 'You may not'],
  ['guilds', ['home'], 'not in use on this server'],
  ['channels', ['general'], 'not in use in this channel'],
  ['roles', ['member'], 'Your role may not'],
])('a deny list of %s refuses, even who is allowed', (list, ids, part) => {
  const config = {
    allow: { guilds: ['home'], channels: ['general'], roles: ['member'] },
    deny: { ...none.deny, [list]: ids },
  };
  expect(refuseAccess(config, anna)).toContain(part);
});

test.each(['guilds', 'channels', 'roles'])('an allow list of %s refuses everyone else on servers', (list) => {
  const config = { ...none, allow: { ...nobody, [list]: ['other'] } };
  expect(refuseAccess(config, anna)).toBeDefined();
  expect(refuseAccess(config, { ...anna, guildId: null, roles: [] })).toBeUndefined();
});

test('a thread is where its channel is', () => {
  const thread = { ...anna, channelId: 'thread', parentId: 'general' };
  expect(refuseAccess({ ...none, allow: { ...nobody, channels: ['general'] } }, thread)).toBeUndefined();
  expect(refuseAccess({ ...none, deny: { ...none.deny, channels: ['general'] } }, thread)).toBeDefined();
});
