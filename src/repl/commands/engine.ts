import { setTimeout } from 'node:timers/promises';
import { findModel } from '../../catalogue/catalogue.ts';
import type { FitReport } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { rate, shortBytes, shortCount } from '../numbers.ts';
import type { Repl } from '../repl.ts';
import type { EngineChoice } from '../services.ts';
import type { Command } from './command.ts';

/** Loads a model although its memory report says that it does not fit. */
const force = '--force';

/** `/engine`: a menu of engines, or a switch to the one named. The conversation goes on. */
export const engineCommand: Command = {
  name: 'engine',
  summary: 'switch to another engine; the conversation goes on',
  usage: '[engine] [model] [--force] | <model or run>',
  whileWriting: 'stop',
  async complete(_argument, repl) {
    const choices = await repl.services.listEngines();
    return choices.map((choice) => ({ value: address(choice), detail: describe(choice, repl) }));
  },
  async run(argument, repl, screen) {
    const words = argument.split(/\s+/).filter(Boolean);
    const settings = words.includes(force) ? { force: true } : undefined;
    const [engineId, ...model] = words.filter((word) => word !== force);
    if (engineId !== undefined) {
      if (model.length > 0) return repl.switchEngine(engineId, model.join(' '), settings);
      const found = await findByName(engineId, repl);
      return repl.switchEngine(found?.engineId ?? engineId, found?.modelId, settings);
    }
    const choices = await repl.services.listEngines();
    if (choices.length === 0)
      throw new AppError('UNKNOWN_ENGINE', 'No engine has a model on this machine.', {
        hint: 'Run `babble models` to see what is installed.',
      });
    const fits = await fitsOf(choices, repl);
    const chosen = await screen.choose({
      title: 'Engine',
      items: choices.map((choice, index) => ({
        label: address(choice),
        detail: describe(choice, repl, fits[index]),
        value: choice,
      })),
      selected: Math.max(
        0,
        choices.findIndex((choice) => isCurrent(choice, repl)),
      ),
    });
    if (!chosen) return;
    if (chosen.problem) throw new AppError('ENGINE_LOAD_FAILED', chosen.problem);
    if (isCurrent(chosen, repl)) return repl.notice(`${chosen.engineId} is the engine already.`);
    await repl.switchEngine(chosen.engineId, chosen.modelId, settings);
  },
};

/** What a single name means that is not an engine's: a model, or a training run. Unknown: undefined. */
async function findByName(
  name: string,
  repl: Repl,
): Promise<{ readonly engineId: string; readonly modelId: string } | undefined> {
  const choices = await repl.services.listEngines();
  if (choices.some(({ engineId }) => engineId === name)) return undefined;
  const fresh = await repl.trainings.freshen(name);
  if (fresh) repl.notice(`${fresh.id} as it is at step ${fresh.step}:`);
  try {
    const { engine, ref } = await findModel(fresh?.id ?? name);
    return { engineId: engine, modelId: ref.id };
  } catch (error) {
    if (error instanceof AppError && error.code === 'UNKNOWN_MODEL') return undefined;
    throw error;
  }
}

function isCurrent(choice: EngineChoice, repl: Repl): boolean {
  return choice.engineId === repl.session.engineId && choice.modelId === repl.session.modelId;
}

function address({ engineId, modelId }: EngineChoice): string {
  return engineId === modelId ? engineId : `${engineId} ${modelId}`;
}

/** The menu does not wait longer for what a model's memory needs. */
const fitMs = 1500;

/** Whether each model fits in memory, as far as that is known in time. */
async function fitsOf(
  choices: readonly EngineChoice[],
  repl: Repl,
): Promise<readonly (FitReport | undefined)[]> {
  const fits: (FitReport | undefined)[] = choices.map(() => undefined);
  const asked = choices.map(async (choice, index) => {
    fits[index] = isCurrent(choice, repl) ? undefined : await repl.services.fitOf(choice);
  });
  const late = new AbortController();
  await Promise.race([
    Promise.all(asked).finally(() => late.abort()),
    setTimeout(fitMs, undefined, { signal: late.signal }).catch(() => {}),
  ]);
  return [...fits];
}

/** In the order of what says most: parameters, size, whether it fits, speed, kind, what it is. */
function describe(choice: EngineChoice, repl: Repl, fit?: FitReport): string {
  const { engineId, modelId, parameterCount, bytes, description, problem } = choice;
  if (problem) return problem;
  const speed = repl.services.speedOf(engineId, modelId);
  const parts = [
    parameterCount === undefined ? '' : shortCount(parameterCount),
    bytes === undefined ? '' : shortBytes(bytes),
    fit === undefined ? '' : fitSummary(fit),
    speed === undefined ? '' : `${rate(speed)} tok/s`,
    { chat: 'chat', completion: 'goes on from a text', unknown: '' }[
      repl.services.kindOf(engineId, modelId) ?? 'unknown'
    ],
    description,
  ];
  return parts.filter(Boolean).join(' · ');
}

function fitSummary({ fits, needs, freeBytes }: FitReport): string {
  if (fits) return 'fits';
  const needed = needs.reduce((sum, { bytes }) => sum + bytes, 0);
  return `needs ${shortBytes(needed)} of ${shortBytes(freeBytes)} free`;
}
