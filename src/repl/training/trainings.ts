import { listEngines } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import { startTraining, type Training, type TrainingOutcome } from '../../training/client.ts';
import type { NamedRun } from '../../training/studio.ts';
import type { Panel } from '../panel.ts';
import type { Repl } from '../repl.ts';
import { Store } from '../store.ts';
import { trainingPanel, trainingStatus } from './chart.ts';
import { isUnderWay, type TrainingAction, type TrainingState, trainingReducer } from './state.ts';

/** The chart and the status line change at most this often. */
const drawMs = 250;

/** What `/engine` takes for a run's model: its name, unless an engine is called the same. */
export function handleOf({ id, model }: { readonly id: string; readonly model: string }): string {
  return listEngines().some((engine) => engine.id === model) ? id : model;
}

/** One run at a time, in a process of its own, behind the conversation. */
export class Trainings {
  readonly state = new Store<TrainingState | undefined, TrainingAction>(trainingReducer, undefined);
  readonly #repl: Repl;
  #abort = new AbortController();
  #training: Training | undefined;
  #ended: Promise<void> = Promise.resolve();
  #panel: Panel | undefined;
  #isChartOpen = false;
  #drawnAt = 0;

  constructor(repl: Repl) {
    this.#repl = repl;
  }

  get isChartOpen(): boolean {
    return this.#isChartOpen;
  }

  /** @throws AppError USAGE when a run is under way */
  checkIdle(): void {
    const state = this.state.get();
    if (!isUnderWay(state)) return;
    throw new AppError('USAGE', `${state.model} is being trained already.`, {
      hint: '/train stop stops it after a checkpoint; /train status tells how far it is.',
    });
  }

  /** Starts a run, or goes on with it. @throws AppError USAGE when another is under way */
  begin({ id, folder, model }: NamedRun, options: { readonly chart: boolean }): void {
    this.checkIdle();
    this.state.dispatch({ type: 'begin', id, model });
    this.#isChartOpen = options.chart;
    this.#draw();
    this.#abort = new AbortController();
    const training = startTraining({
      folder,
      signal: this.#abort.signal,
      onEvent: (event) => {
        if (event.type === 'notice') this.#repl.notice(event.text);
        if (event.type === 'restarted')
          this.#repl.notice(`Training goes on in a fresh process at step ${event.step}.`);
        this.state.dispatch({ type: 'event', event });
        if (performance.now() - this.#drawnAt >= drawMs || event.type === 'ready') this.#draw();
      },
    });
    this.#training = training;
    this.#ended = training.outcome.then(
      (outcome) => this.#end(outcome),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Stops the run after a checkpoint; gives whether one was under way. */
  stop(): boolean {
    if (!isUnderWay(this.state.get())) return false;
    this.state.dispatch({ type: 'stop' });
    this.#draw();
    this.#abort.abort(new DOMException('Stopped', 'AbortError'));
    return true;
  }

  /** Opens or closes the live curve. */
  toggleChart(): void {
    this.#isChartOpen = !this.#isChartOpen;
    this.#draw();
  }

  /** When `name` means the run under way: has the model as it is now written, so that an engine can load it. */
  async freshen(name: string): Promise<{ readonly id: string; readonly step: number } | undefined> {
    const state = this.state.get();
    if (!isUnderWay(state) || (name !== state.id && name !== state.model)) return undefined;
    const step = await this.#training?.snapshot();
    return step === undefined ? undefined : { id: state.id, step };
  }

  /** Stops the run after a checkpoint, and waits for that. */
  async close(): Promise<void> {
    if (this.stop()) this.#repl.notice('Stopping the training after a checkpoint …');
    await this.#ended;
  }

  async #end({ reason, step, best, losses }: TrainingOutcome): Promise<void> {
    const state = this.state.get()!;
    this.state.dispatch({ type: 'end', how: reason === 'interrupted' ? 'stopped' : 'finished', step });
    this.#repl.services.forgetEngines();
    this.#closeChart();
    if (reason === 'interrupted') {
      this.#repl.notice(
        `Training stopped at step ${step}. /train resume goes on; so does babble train --resume ${state.id}`,
      );
      return;
    }
    const list = Object.entries(losses ?? {}).map(([split, loss]) => `${split} ${loss.toFixed(4)}`);
    const early = reason === 'early-stop' ? `stopped early at step ${step}, ` : '';
    this.#repl.notice(
      `${state.model} is trained: ${early}best step ${best?.step}, loss ${list.join(', ')}. /engine ${handleOf(state)} talks to it.`,
    );
  }

  #fail(error: unknown): void {
    this.state.dispatch({ type: 'end', how: 'failed' });
    this.#closeChart();
    this.#repl.fail(error);
  }

  #closeChart(): void {
    this.#isChartOpen = false;
    this.#draw();
  }

  #draw(): void {
    this.#drawnAt = performance.now();
    const state = this.state.get();
    if (!state) return;
    const { panel, status } = this.#repl;
    status.dispatch({ type: 'training', text: trainingStatus(state) });
    const shown = panel.get();
    // Another panel has the place for as long as it is there.
    if (shown !== undefined && shown !== this.#panel) return;
    this.#panel = this.#isChartOpen ? trainingPanel(state, () => this.#repl.theme) : undefined;
    if (shown !== this.#panel) panel.dispatch(this.#panel);
  }
}
