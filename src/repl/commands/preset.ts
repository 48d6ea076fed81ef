import type { Preset } from '../../chat/presets.ts';
import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';
import type { Command, Screen } from './command.ts';
import { parameters } from './parameters.ts';

const verbs = [
  ['load', 'take up its engine, sampling and system prompt'],
  ['save', 'keep those of now under a name'],
  ['list', 'show all'],
  ['rm', 'forget one'],
] as const;

/** `/preset`: engine, sampling, stop texts and system prompt under a name. */
export const presetCommand: Command = {
  name: 'preset',
  summary: 'keep engine, sampling and system prompt under a name',
  usage: '[save|load|rm <name> | list]',
  complete(argument, repl) {
    const [, verb] = /^(\S+)\s/.exec(argument) ?? [];
    if (verb === undefined)
      return verbs.map(([name, detail]) => ({ value: name === 'list' ? name : `${name} `, detail }));
    if (!verbs.some(([name]) => name === verb) || verb === 'list') return [];
    return [...repl.services.presets()].map(([name, preset]) => ({
      value: `${verb} ${name}`,
      label: name,
      detail: describe(preset),
    }));
  },
  async run(argument, repl, screen) {
    const [verb = '', name = '', ...rest] = argument.split(/\s+/).filter(Boolean);
    if (rest.length > 0) throw new AppError('USAGE', 'The name of a preset is one word.');
    switch (verb) {
      case '':
        return choose(repl, screen);
      case 'list':
        return list(repl);
      case 'save':
        return save(name, repl);
      case 'load':
        return name === '' ? choose(repl, screen) : load(name, repl);
      case 'rm':
        find(name, repl);
        repl.services.keepPreset(name, undefined);
        return repl.notice(`The preset ${name} is gone.`);
      default:
        throw new AppError('USAGE', `/preset cannot ${verb}.`, {
          hint: `/preset ${presetCommand.usage}`,
        });
    }
  },
};

async function choose(repl: Repl, screen: Screen): Promise<void> {
  const presets = [...repl.services.presets()];
  if (presets.length === 0) return list(repl);
  const items = presets.map(([name, preset]) => ({ label: name, detail: describe(preset), value: name }));
  const chosen = await screen.choose({ title: 'Preset', items });
  if (chosen !== undefined) await load(chosen, repl);
}

function list(repl: Repl): void {
  const presets = [...repl.services.presets()];
  const rows = presets.map(([name, preset]) => `${name}\n  ${describe(preset)}`);
  repl.notice(rows.join('\n') || 'There are no presets yet. /preset save <name> keeps one.');
}

function save(name: string, repl: Repl): void {
  const isNew = !repl.services.presets().has(name);
  const { engineId, modelId, settings } = repl.session;
  repl.services.keepPreset(name, { engineId, modelId, settings });
  repl.notice(`${isNew ? 'Kept' : 'Replaced'} as ${name}. /preset load ${name} brings it back.`);
}

async function load(name: string, repl: Repl): Promise<void> {
  const { engineId, modelId, settings } = find(name, repl);
  const { session } = repl;
  if (session.engineId !== engineId || session.modelId !== modelId)
    await repl.switchEngine(engineId, modelId);
  session.updateSettings(settings);
  repl.notice(`The preset ${name} is on: ${describe({ engineId, modelId, settings })}.`);
}

function find(name: string, repl: Repl): Preset {
  const presets = repl.services.presets();
  const found = presets.get(name);
  if (found) return found;
  throw new AppError('USAGE', name === '' ? 'Which preset?' : `No preset is called "${name}".`, {
    hint: presets.size === 0 ? '/preset save <name> keeps one.' : `Known: ${[...presets.keys()].join(', ')}.`,
  });
}

function describe({ engineId, modelId, settings }: Preset): string {
  const changed = parameters.flatMap(({ name, show }) => {
    const value = show(settings);
    return value === undefined ? [] : [`${name} ${value}`];
  });
  const engine = engineId === modelId ? engineId : `${engineId} ${modelId}`;
  const system =
    settings.systemPrompt === '' ? [] : [`"${sanitiseLine(settings.systemPrompt).slice(0, 60)}"`];
  return [sanitiseLine(engine), ...changed, ...system].join(' · ');
}
