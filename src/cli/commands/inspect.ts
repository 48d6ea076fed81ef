import { Argument, Option } from 'commander';
import { resolveModel } from '../../catalogue/catalogue.ts';
import type { InspectView } from '../../engines/engine.ts';
import { createEngineClient } from '../../engines/host/client.ts';
import { enginesWith, findEngine } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import {
  colourDepthOf,
  column,
  describePicture,
  drawReport,
  readLossCurve,
  savePicture,
  type Theme,
  themeOf,
  toCells,
} from '../../pictures/index.ts';
import { writeImage } from '../inline-image.ts';
import { createCommand, integer } from '../options.ts';
import { settingsFor } from '../settings.ts';

const views = [
  'next-token',
  'surprise',
  'heatmap',
  'similarity',
  'weights',
  'topology',
  'attention',
  'logit-lens',
  'curve',
] as const satisfies readonly (InspectView['type'] | 'curve')[];

interface InspectOptions {
  readonly engine: string;
  readonly model?: string;
  readonly prompt: string;
  readonly top: number;
  readonly layer: number;
  readonly head: number;
  readonly out?: string;
  readonly theme?: Theme;
  readonly images?: string;
  readonly width?: number;
}

/** `babble inspect heatmap --engine bigram-count`: a look into a model, in the terminal or as a file. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('inspect', 'Look into a model: in the terminal, or as a picture.')
    .addArgument(new Argument('<view>', 'what to look at').choices(views))
    .requiredOption('-e, --engine <id>', 'engine to look into')
    .option('-m, --model <id or path>', "its model; default: the engine's own")
    .option('-p, --prompt <text>', 'text for next-token, surprise, attention and logit-lens', '')
    .option('--top <number>', 'next-token: how many candidates', integer(1, 100), 10)
    .option('--layer <number>', 'attention: from 0', integer(0, 1000), 0)
    .option('--head <number>', 'attention: from 0', integer(0, 1000), 0)
    .option('-o, --out <file>', 'write a .png or .svg in place of showing it')
    .option('--width <number>', 'units (with --out) or columns it should be wide', integer(20, 4000))
    .addOption(
      new Option('--images <how>', 'in the terminal as an image; default: where it says it can').choices([
        'auto',
        'off',
        'kitty',
        'iterm2',
        'sixel',
      ]),
    )
    .addOption(
      new Option('--theme <theme>', 'default: light in files, the terminal’s own there').choices([
        'light',
        'dark',
      ]),
    );
  command.parse(args, { from: 'user' });
  const options = command.opts<InspectOptions>();
  const report = await look(command.args[0] as (typeof views)[number], options);
  if (options.out !== undefined) {
    const { theme = 'light', width } = options;
    const picture = drawReport(report, width === undefined ? { theme } : { theme, width });
    const file = await savePicture(picture, options.out, { overwrite: true });
    process.stdout.write(`${file}: ${describePicture(report)}\n`);
    return 0;
  }
  const columns = options.width ?? Math.min(process.stdout.columns ?? 80, 120);
  const picture = drawReport(report, {
    theme: options.theme ?? themeOf(process.env),
    width: columns * column,
  });
  const colour = process.stdout.isTTY ? colourDepthOf(process.env) : 'none';
  const { images } = settingsFor({ images: options.images }).settings;
  if (colour !== 'none' && (await writeImage(picture, images))) return 0;
  process.stdout.write(`${toCells(picture, { columns, colour }).join('\n')}\n`);
  return 0;
}

async function look(view: (typeof views)[number], options: InspectOptions) {
  const engine = findEngine(options.engine);
  const model = await resolveModel(engine.id, options.model);
  if (view === 'curve') return readLossCurve(engine.id, model);
  if (!engine.views.includes(view)) {
    throw new AppError('ENGINE_UNSUPPORTED', `The engine ${engine.id} has no view "${view}".`, {
      hint: `Engines that have it: ${enginesWith(view).join(', ')}.`,
    });
  }
  await using client = createEngineClient({ engine: engine.id, model, idleMs: 0 });
  return await client.inspect(viewOf(view, options));
}

function viewOf(type: InspectView['type'], { prompt, top, layer, head }: InspectOptions): InspectView {
  switch (type) {
    case 'next-token':
      return { type, prompt, top };
    case 'surprise':
      return { type, text: prompt };
    case 'attention':
      return { type, prompt, layer, head };
    case 'logit-lens':
      return { type, prompt };
    case 'heatmap':
    case 'similarity':
    case 'weights':
    case 'topology':
      return { type };
    default:
      return type satisfies never;
  }
}
