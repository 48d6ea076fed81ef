/** The tour's words and what is done at each step. A step stands alone: it can be the first one of a sitting. */

/** What is done: a line as the person would type it, `{run}` standing for the run trained last; or a wait. */
export type TourAct = string | { readonly until: 'trained' };

export interface TourStep {
  readonly title: string;
  /** Paragraphs. */
  readonly text: readonly string[];
  /** The engine that the conversation is on. */
  readonly engine: string;
  readonly does: readonly TourAct[];
  /** Read after what was done. */
  readonly afterwards?: readonly string[];
}

export const tourSteps: readonly TourStep[] = [
  {
    title: 'Counting',
    text: [
      'A language model says what may come next. The simplest one counts: in 32,033 names, how often does each letter follow each other letter?',
      'That is a table of 27 by 27 numbers: a to z, and a dot for the beginning and the end of a name. Light cells are frequent pairs: look at the row of q.',
    ],
    engine: 'bigram-count',
    does: ['/heatmap'],
  },
  {
    title: 'Letter by letter',
    text: [
      'To make a name, begin at the dot and throw dice weighted by its row; the letter that comes is the next row; stop at a dot.',
      'Here it happens slowly. The bars are the row at each step; the letter that was drawn is marked.',
    ],
    engine: 'bigram-count',
    does: ['/probs live 3', '', '', '/probs live'],
    afterwards: ['Not quite names: this model remembers one letter and nothing else.'],
  },
  {
    title: 'The same table, learnt',
    text: [
      'Nobody needs to count. Begin with 729 random numbers, measure how surprised the model is by the names (the loss, in nats a letter), and turn every number a little in the direction that lowers it. A thousand times over.',
      'This is a real training run on this machine. Watch the loss fall to about 2.455: counting reached 2.454, and nothing that sees one letter can do better.',
    ],
    engine: 'bigram-count',
    does: ['/train bigram-grad --recipe classic', { until: 'trained' }, '/engine {run}', '', '', ''],
    afterwards: ['These names came from the numbers that you have just seen being found.'],
  },
  {
    title: 'Three letters back',
    text: [
      'A table for three letters back would have 27 × 27 × 27 rows, most of them empty. A small neural network needs no table: each letter becomes five numbers, and letters that behave alike get numbers that are alike.',
      'Nobody told it what a vowel is. See which letters it found to be alike:',
    ],
    engine: 'mlp',
    does: ['/similarity', '', '', ''],
  },
  {
    title: 'Temperature',
    text: [
      'The same prompt, three times as bold. At a low temperature the likeliest letter nearly always wins; at 1 the dice are fair; at 2 they are nearly even.',
    ],
    engine: 'mlp',
    does: [
      '/set temperature 0.2',
      'ma',
      'ma',
      '/set temperature 1',
      'ma',
      'ma',
      '/set temperature 2',
      'ma',
      'ma',
      '/set temperature default',
    ],
    afterwards: ['Nothing was learnt in between: only how the dice are thrown.'],
  },
  {
    title: 'Deeper, not wider',
    text: [
      'Eight letters back, joined in pairs, the pairs joined again: a tree, like WaveNet’s. The picture shows the parts and how many of the 175,767 numbers each one holds.',
    ],
    engine: 'wavenet',
    does: ['/topology', '', '', ''],
  },
  {
    title: 'Side by side',
    text: [
      'The same beginning for three models. Choose one to go on from, or none (Esc): the tour goes on either way.',
    ],
    engine: 'wavenet',
    does: ['/compare bigram-count mlp wavenet ma'],
  },
  {
    title: 'Attention',
    text: [
      'A tree always looks at the same places. A transformer decides for itself where to look: each character asks a question, and the characters before it answer as far as they fit. This one has read all of Shakespeare, character by character.',
    ],
    engine: 'gpt',
    does: ['ROMEO:', '/why 2 1', '/why'],
    afterwards: [
      'The first picture: from each character (row) back to those it looked at (column). The second: what each layer would say next, surer from layer to layer.',
    ],
  },
  {
    title: 'LLaMA',
    text: [
      'The same idea with the parts that the large models of today are made of: RMSNorm, rotary positions, SwiGLU. Ten million numbers here; LLaMA has up to 65 billion, put together in the same way.',
      'Colours show how surprised the model is by its own letters: beginnings of words are hard, the rest is easy.',
    ],
    engine: 'tiny-llama',
    does: ['/surprise on', 'JULIET:', '/surprise off'],
  },
  {
    title: 'Yours',
    text: [
      'The last engine is llama.cpp: it runs that same model, and any LLaMA in a GGUF file, with room for a chat. `babble models pull` fetches larger ones; docs/llama.md tells how.',
      'The tour ends here and the conversation is yours. /engine takes you to any of the models you have met, /help shows the rest.',
    ],
    engine: 'llama',
    does: ['KING:'],
  },
];
