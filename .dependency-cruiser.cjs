/** The one-way street: front end → chat → engine client → engine host → engine. See docs/architecture.md. */
const engine = '^src/engines/(bigram|mlp|wavenet|gpt|tiny-llama|llama|remote)/';
const tests = '[.](test|contract)[.]tsx?$';
const only = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    only(
      'no-cycles',
      { pathNot: tests },
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
      'Modules must not import each other in a circle.',
    ),
    only('no-unresolvable', {}, { couldNotResolve: true }, 'An import must resolve.'),
    only(
      'front-ends-apart',
      { path: '^src/repl/' },
      { path: '^src/bot/' },
      'The two front ends do not know each other.',
    ),
    only(
      'front-ends-apart-2',
      { path: '^src/bot/' },
      { path: '^src/repl/' },
      'The two front ends do not know each other.',
    ),
    only(
      'front-ends-apart-3',
      { path: '^src/serve/' },
      { path: '^src/(repl|bot)/' },
      'The API server knows no other front end.',
    ),
    only(
      'front-ends-apart-4',
      { path: '^src/(repl|bot)/' },
      { path: '^src/serve/' },
      'No other front end knows the API server.',
    ),
    only(
      'front-ends-use-public-rooms',
      { path: '^src/(repl|bot|serve)/', pathNot: tests },
      {
        path: '^src/',
        pathNot:
          '^src/(repl|bot|serve|chat|pictures|catalogue|settings)/|^src/(errors|paths)[.]ts$|^src/engines/(engine|registry)[.]ts$|^src/engines/host/(client|types)[.]ts$|^src/training/(run-log|client|studio)[.]ts$',
      },
      'A front end sees chat, pictures, catalogue, settings, the studio, and the engine interface, registry and client.',
    ),
    only(
      'middle-rooms-see-types',
      { path: '^src/(catalogue|training|pictures)/', pathNot: `^src/training/tasks[.]ts$|${tests}` },
      {
        path: '^src/',
        pathNot:
          '^src/(catalogue|training|pictures|formats|tensor)/|^src/(errors|paths)[.]ts$|^src/engines/(engine|registry)[.]ts$|^src/engines/host/types[.]ts$|^src/engines/shared/',
      },
      'Catalogue, training (but for its registry of tasks) and pictures see the engine interface and formats.',
    ),
    only(
      'chat-sees-client',
      { path: '^src/chat/', pathNot: tests },
      {
        path: '^src/',
        pathNot:
          '^src/(chat|catalogue|formats)/|^src/(errors|paths)[.]ts$|^src/engines/(engine|registry)[.]ts$|^src/engines/host/(client|types)[.]ts$',
      },
      'Chat sees the engine interface and client only.',
    ),
    only(
      'settings-below',
      { path: '^src/settings/', pathNot: tests },
      { path: '^src/', pathNot: '^src/settings/|^src/(errors|paths)[.]ts$|^src/engines/engine[.]ts$' },
      'Settings stand on nothing of ours.',
    ),
    only(
      'tensor-below',
      { path: '^src/(tensor|formats)/', pathNot: tests },
      {
        path: '^src/',
        pathNot: '^src/(tensor|formats)/|^src/(errors|paths)[.]ts$|^src/engines/engine[.]ts$',
      },
      'Tensor and formats stand on nothing of ours.',
    ),
    only(
      'engine-sees-below',
      { path: engine, pathNot: tests },
      {
        path: '^src/',
        pathNot:
          '^src/(tensor|formats|training)/|^src/(errors|paths)[.]ts$|^src/engines/engine[.]ts$|^src/engines/shared/|' +
          engine.replace('^', ''),
      },
      'An engine sees the interface, engines/shared, tensor, formats, and (train.ts) training.',
    ),
    only(
      'engines-apart',
      { path: '^src/engines/(bigram|mlp|wavenet|gpt|tiny-llama|llama|remote)/', pathNot: tests },
      { path: engine, pathNot: '^src/engines/$1/' },
      'An engine never imports a sibling.',
    ),
    only(
      'only-train-trains',
      { path: engine, pathNot: '(train|recipes)[.]ts$|' + tests },
      { path: '^src/training/' },
      'Of an engine only train.ts (and recipes.ts, its numbers) may import training.',
    ),
    only(
      'tensorflow-in-tensor',
      { pathNot: '^src/tensor/|' + tests },
      { path: 'node_modules/@tensorflow/', dependencyTypesNot: ['type-only'] },
      'Only tensor imports TensorFlow.',
    ),
    only(
      'llama-cpp-in-llama',
      { pathNot: '^src/engines/llama/' },
      { path: 'node_modules/(node-llama-cpp|koffi)/' },
      'Only engines/llama imports node-llama-cpp, and calls native functions.',
    ),
    only(
      'openai-in-remote',
      { pathNot: `^src/engines/remote/|${tests}` },
      { path: 'node_modules/openai/' },
      'Only engines/remote imports the OpenAI client.',
    ),
    only(
      'discord-in-bot',
      { pathNot: '^src/bot/|^test/' },
      { path: 'node_modules/(discord[.]js|discord-api-types)/' },
      'Only bot imports discord.js.',
    ),
    only('ink-in-repl', { pathNot: '^src/repl/' }, { path: 'node_modules/ink/' }, 'Only repl imports ink.'),
    only(
      'host-is-the-only-loader',
      {
        path: '^src/',
        pathNot: '^src/engines/registry[.]ts$|' + engine + '|^src/training/|^src/cli/|' + tests,
      },
      { path: engine },
      'Only the registry (inside the host) and training reach an engine.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
