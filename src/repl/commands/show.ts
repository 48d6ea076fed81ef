import { isDeepStrictEqual } from 'node:util';
import { resolveModel } from '../../catalogue/catalogue.ts';
import { chatTemplateOf } from '../../catalogue/gguf-model.ts';
import { withDefaults } from '../../chat/settings.ts';
import type { ChatSettings } from '../../chat/types.ts';
import type { Sampling } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { longCount } from '../numbers.ts';
import type { Repl } from '../repl.ts';
import type { Command } from './command.ts';
import { parameters } from './parameters.ts';

/** `/show`: what answers now, and every parameter with where its value comes from; `template` shows that text. */
export const showCommand: Command = {
  name: 'show',
  summary: 'show the engine, its parameters and where they come from',
  usage: '[template]',
  complete: () => [{ value: 'template', detail: "the model's chat template" }],
  async run(argument, repl) {
    if (argument !== '' && argument !== 'template')
      throw new AppError('USAGE', `/show has no "${argument}".`, { hint: '/show, or /show template' });
    if (argument === 'template') {
      const template = await templateOf(repl);
      return repl.notice(template ?? `${repl.session.engineId} has no chat template.`);
    }
    const rows = [...(await engineRows(repl)), ['', ''] as const, ...parameterRows(repl)];
    const column = Math.max(...rows.map(([name]) => name.length)) + 2;
    repl.notice(rows.map(([name, value]) => `${name.padEnd(column)}${value}`.trimEnd()).join('\n'));
  },
};

type Row = readonly [name: string, value: string];

async function engineRows(repl: Repl): Promise<Row[]> {
  const { engineId, modelId, settings, engineInfo: info } = repl.session;
  const template = await templateOf(repl).catch(() => undefined);
  const about: Row[] = info
    ? [
        ['kind', info.kind === 'chat' ? 'answers messages' : 'goes on from a text'],
        ['size', `${longCount(info.parameterCount)} parameters`],
        ['context', `${longCount(info.contextLength)} tokens`],
        ['vocabulary', `${longCount(info.vocabSize)} tokens`],
        ...(info.trainedOn ? [['trained on', info.trainedOn] as const] : []),
        ...(info.license ? [['license', info.license] as const] : []),
        ['can', [...info.capabilities].join(', ') || 'write'],
      ]
    : [['state', 'not loaded yet']];
  return [
    ['engine', engineId],
    ['model', modelId],
    ...about,
    [
      'template',
      template === undefined ? 'none' : `${longCount(template.length)} characters: /show template`,
    ],
    ['system prompt', settings.systemPrompt || 'none'],
  ];
}

function parameterRows(repl: Repl): Row[] {
  const { settings } = repl.session;
  return parameters.map(({ name, show }) => {
    const value = show(settings);
    return [name, value === undefined ? 'default' : `${value.padEnd(8)} ${sourceOf(name, settings, repl)}`];
  });
}

/** A value that is as the person set it before the sitting comes from there; another was set in the conversation. */
function sourceOf(name: string, { sampling, maxTokens, stop }: ChatSettings, repl: Repl): string {
  const option = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const value = { ...sampling, maxTokens, stop }[option as keyof Sampling | 'maxTokens' | 'stop'];
  const held = repl.configured.get(option) ?? repl.configured.get(`sampling.${option}`);
  if (held && held.source !== 'default' && isDeepStrictEqual(held.value, value))
    return `(${held.origin ?? held.source})`;
  const isDefault =
    option === 'maxTokens' && maxTokens === withDefaults({}, repl.session.engineInfo?.kind).maxTokens;
  return isDefault ? '(default)' : '(this conversation)';
}

/** The chat template in a GGUF file; undefined for other models, and for one without. */
async function templateOf(repl: Repl): Promise<string | undefined> {
  const { engineId, modelId } = repl.session;
  if (engineId !== 'llama') return undefined;
  return chatTemplateOf((await resolveModel(engineId, modelId)).path);
}
