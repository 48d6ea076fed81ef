import { type CommandDefinition, childrenOf, type OptionDefinition, type Values } from './definitions.ts';

/** For fish 3 and later. */
export function fishScript(definitions: readonly CommandDefinition[]): string {
  const parents = new Set(definitions.filter(({ path }) => childrenOf(definitions, path).length > 0));
  return `# fish completion of babble: babble completions fish > ~/.config/fish/completions/babble.fish
${placeFunction([...parents].map(({ path }) => path))}
complete -c babble -f
${['', ...definitions.map(({ path }) => path)].map((path) => commandLines(definitions, path)).join('')}`;
}

/** Whether the words so far belong to a command; none yet belong to ''. */
const placeFunction = (parents: readonly string[]): string => `function __babble_at
    set -l words (commandline -opc)
    set -l place
    if set -q words[2]
        set place $words[2]
        if string match -q -- '-*' $words[2]
            set place chat
        else if contains -- $words[2] ${parents.map(quote).join(' ')}; and set -q words[3]
            string match -q -- '-*' $words[3]; or set place "$words[2] $words[3]"
        end
    end
    test "$place" = "$argv"
end`;

function commandLines(definitions: readonly CommandDefinition[], path: string): string {
  const at = `complete -c babble -n ${quote(`__babble_at ${path}`)}`;
  // With no command, babble opens the chat.
  const own = definitions.find((definition) => definition.path === (path || 'chat'))!;
  const children = childrenOf(definitions, path).map(
    ([name, description]) => `${at} -a ${quote(name)} -d ${quote(description)}\n`,
  );
  const positions = path === '' ? [] : own.positions.filter((values) => values !== '');
  return [
    ...children,
    ...positions.map((values) => `${at} ${wanted(values)}\n`),
    ...own.options.map((option) => `${at} ${optionWords(option)}\n`),
  ].join('');
}

function optionWords({ names, description, values }: OptionDefinition): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${quote(name.slice(2))}` : `-s ${quote(name.slice(1))}`,
  );
  const taken = values === undefined ? [] : values === 'files' ? ['-r'] : ['-x'];
  const offered = values === undefined || values === '' ? [] : [wanted(values)];
  return [...flags, ...taken, ...offered, `-d ${quote(description)}`].join(' ');
}

function wanted(values: Exclude<Values, ''>): string {
  if (values === 'files') return '-F';
  if (typeof values === 'string') return `-a ${quote(`(babble __complete ${values} 2>/dev/null)`)}`;
  return `-a ${quote(values.join(' '))}`;
}

function quote(text: string): string {
  return `'${text
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")}'`;
}
