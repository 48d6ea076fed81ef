/**
 * Writes docs/examples/lighthouse.txt: the log of a lighthouse keeper who never was, from a small grammar and a seed.
 * A text of another style than the plays that gpt and tiny-llama were trained on, to fine-tune them on.
 *
 *   node scripts/lighthouse.ts
 */
import { writeFile } from 'node:fs/promises';
import { derivedSeed } from '../src/training/order.ts';

const seed = 1;
const days = 120;

let draws = 0;
const below = (count: number) => derivedSeed(seed, draws++) % count;
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
const chance = (percent: number) => below(100) < percent;

const numbers = 'two three four five six seven eight nine ten eleven twelve'.split(' ');
const ordinals =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth'.split(
    ' ',
  );
const months = ['March', 'April', 'May', 'June'];
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const points = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'];
const forces = ['calm', 'light', 'moderate', 'fresh', 'strong', 'near a gale', 'a whole gale'];
const skies = [
  'clear',
  'overcast',
  'broken cloud',
  'fog to the foot of the tower',
  'drizzle',
  'hail at dusk',
];
const seas = [
  'smooth',
  'a long swell',
  'choppy',
  'breaking on the outer reef',
  'running high',
  'slack at noon',
];
const rigs = ['brig', 'schooner', 'ketch', 'barque', 'steamer', 'pilot cutter', 'trawler', 'collier'];
const ships = [
  'Ada',
  'Good Intent',
  'Petrel',
  'Marigold',
  'Perseverance',
  'Kittiwake',
  'Three Sisters',
  'Orion',
];
const ports = ['Bergen', 'Cork', 'Riga', 'Lisbon', 'Leith', 'Hull', 'Brest', 'Cadiz'];
const cargoes = ['coal', 'salt', 'timber', 'slate', 'herring', 'oranges', 'lamp oil', 'wool'];
const birds = ['gannet', 'puffin', 'petrel', 'tern', 'heron', 'owl', 'woodcock', 'goose'];
const tools = ['winch', 'davit', 'pump', 'fog bell', 'clockwork', 'weather glass', 'telegraph', 'stair rail'];
const people = ['Marsh', 'Old Tregear', 'the boy', 'the relief keeper', 'my sister', 'the inspector'];
const foods = [
  'barley broth',
  'salt cod',
  'oatcakes',
  'a pie of limpets',
  'the last of the bacon',
  'tea without milk',
];

const oneOfTwelve = () => pick(numbers);
const lamp = () =>
  pick([
    () => `Lamp lit at ${oneOfTwelve()}, burned steady till dawn.`,
    () => `Lamp lit at ${oneOfTwelve()}; trimmed the wick ${pick(['once', 'twice', 'every hour'])}.`,
    () => `Lit at dusk. Used ${oneOfTwelve()} pints of oil, ${oneOfTwelve()} casks remain.`,
    () => `The lens cleaned and the brass polished before lighting.`,
  ])();
const passing = () =>
  pick([
    () =>
      `Passed at ${oneOfTwelve()}: the ${pick(rigs)} ${pick(ships)}, bound for ${pick(ports)} with ${pick(cargoes)}.`,
    () => `A ${pick(rigs)} hove to off the reef, ${oneOfTwelve()} cables out, and showed no colours.`,
    () => `Signalled the ${pick(ships)} of ${pick(ports)}; she answered and stood away ${pick(points)}.`,
    () => `Nothing seen but a ${pick(rigs)} hull down in the ${pick(points)}.`,
  ])();
const work = () =>
  pick([
    () => `Greased the ${pick(tools)}.`,
    () =>
      `The ${pick(tools)} has failed again; mended it with ${pick(['wire', 'tarred rope', 'a hoop off a cask'])}.`,
    () => `Painted the gallery as far as the ${pick(points)} side.`,
    () => `Carried ${oneOfTwelve()} buckets of coal up from the landing.`,
    () => `Wound the ${pick(tools)} by hand for ${oneOfTwelve()} hours.`,
  ])();
const life = () =>
  pick([
    () => `A ${pick(birds)} struck the glass in the middle watch and lay stunned; let it go at sunrise.`,
    () => `Counted ${oneOfTwelve()} seals on the skerry.`,
    () => `Supper: ${pick(foods)}.`,
    () => `${capital(pick(people))} rowed out with letters and ${pick(foods)}.`,
    () => `${capital(pick(people))} says the glass will fall; I say it will not.`,
    () => `Read by the stove. Slept ${oneOfTwelve()} hours.`,
    () => `Wrote to ${pick(people)}; the boat could not land to take it.`,
  ])();
const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);

const entries = Array.from({ length: days }, (_, day) => {
  const date = `${weekdays[day % 7]}, the ${ordinals[day % 30]} of ${months[Math.floor(day / 30)]}.`;
  const wind = pick(forces);
  const air = wind === 'calm' ? 'Calm' : `Wind ${pick(points)}, ${wind}`;
  const weather = `${air}; ${pick(skies)}; sea ${pick(seas)}.`;
  const said = [lamp(), ...(chance(75) ? [passing()] : []), work(), ...(chance(80) ? [life()] : [])];
  return `${date} ${weather}\n${said.join(' ')}\n`;
});

const file = new URL('../docs/examples/lighthouse.txt', import.meta.url);
await writeFile(file, entries.join('\n'));
