// npm run draw:discord: a conversation with the real bot on the Discord on loopback, drawn to
// docs/pictures/discord.svg as people see it there.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/paths.ts';
import { finished, openScene } from '../test/bot/harness.ts';

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const width = 720;

await using scene = await openScene();
const { fake, anna, channel } = scene;
fake.slash(anna, channel, 'generate', { options: { engine: 'bigram-count', seed: 1337 } });
await finished(scene, 1);
fake.say(anna, channel, `<@${fake.state.botUser.id}> em`);
const name = await finished(scene, 2);
fake.say(anna, channel, 'ka', { replyTo: name });
await finished(scene, 3);

const parts: string[] = [];
let y = 16;
const line = (x: number, text: string, style: string) => {
  parts.push(`<text x="${x}" y="${y}" ${style}>${escapeXml(text)}</text>`);
};
for (const { current } of fake.state.visible(channel.id, anna)) {
  y += 24;
  line(
    24,
    current.author.username,
    `font-weight="bold" fill="${current.author.bot ? '#8ea1ff' : '#f2f3f5'}"`,
  );
  const words = current.content.replace(/<@\d+>/g, '@babble').replaceAll('**', '');
  for (const row of words.split('\n')) {
    y += 22;
    const isFooter = row.startsWith('-# ');
    // tokens/s differ from run to run and belong to the benchmarks
    const text = row.replace(/^-# /, '').replace(/ · [\d.]+ tokens\/s/, '');
    line(24, text, isFooter ? 'font-size="12" fill="#949ba4"' : 'fill="#dbdee1"');
  }
  const rows = (current.components ?? []) as unknown as { components: { label: string }[] }[];
  let x = 24;
  for (const { label } of rows.flatMap(({ components }) => components)) {
    const wide = label.length * 7.5 + 24;
    parts.push(`<rect x="${x}" y="${y + 10}" width="${wide}" height="28" rx="4" fill="#4e5058"/>`);
    parts.push(`<text x="${x + 12}" y="${y + 29}" font-size="13" fill="#ffffff">${escapeXml(label)}</text>`);
    x += wide + 8;
  }
  y += rows.length > 0 ? 44 : 8;
}
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 16}" font-family="sans-serif" font-size="15" role="img" aria-label="A conversation with the bot on Discord">
<rect width="100%" height="100%" fill="#313338"/>
${parts.join('\n')}
</svg>
`;
writeFileSync(path.join(packageRoot, 'docs', 'pictures', 'discord.svg'), svg);
