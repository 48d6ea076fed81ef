/** The part of the scripts that bash and zsh both read: what can stand where, as functions of `case` and `printf`. */
import { type CommandDefinition, childrenOf, type Values } from './definitions.ts';

/**
 * Functions for a driver: `_babble_place` takes the words before the cursor, `_babble_candidates` then prints
 * what fits there, one a line, with a description after a tab; a line `:files` asks for files as well.
 */
export function knowledge(definitions: readonly CommandDefinition[]): string {
  const parents = ['', ...new Set(definitions.map(({ path }) => path))].filter(
    (path) => childrenOf(definitions, path).length > 0,
  );
  const children = parents.map((path) => [quote(path), lines(childrenOf(definitions, path))]);
  const options = definitions.map(({ path, options }) => [
    quote(path),
    lines(options.flatMap(({ names, description }) => names.map((name) => [name, description] as const))),
  ]);
  const values = definitions.flatMap(({ path, options }) =>
    options
      .filter((option) => option.values !== undefined)
      .map(({ names, values }) => [names.map((name) => quote(`${path}:${name}`)).join('|'), source(values!)]),
  );
  const positions = definitions.flatMap(({ path, positions, repeats }) =>
    positions.map((position, i) => {
      const any = repeats && i === positions.length - 1;
      return [any ? `${quote(`${path}:`)}*` : quote(`${path}:${i}`), source(position)];
    }),
  );
  const paths = definitions.map(({ path }) => quote(path)).join('|');
  return `${switchFunction('_babble_children', '"$1"', children)}
${switchFunction('_babble_options', '"$1"', options)}
${switchFunction('_babble_value', '"$1:$2"', values)}
${switchFunction('_babble_position', '"$1:$2"', positions)}
${switchFunction('_babble_known', '"$1"', [[paths, ':']])}
${place}
${candidates}`;
}

/** Which command the words belong to, which of its arguments comes next, and which option waits for its value. */
const place = `_babble_place() {
  local word
  _babble_path='' _babble_index=0 _babble_option=''
  for word in "$@"; do
    if [ -n "$_babble_option" ]; then _babble_option=''; continue; fi
    case "$word" in
      -*)
        [ -n "$_babble_path" ] || _babble_path='chat'
        if _babble_value "$_babble_path" "$word" > /dev/null; then _babble_option=$word; fi ;;
      *)
        if [ -z "$_babble_path" ]; then _babble_path=$word
        elif [ "$_babble_index" -eq 0 ] && _babble_known "$_babble_path $word"; then
          _babble_path="$_babble_path $word"
        else _babble_index=$((_babble_index + 1)); fi ;;
    esac
  done
}
`;

const candidates = `_babble_candidates() {
  if [ -n "$_babble_option" ]; then
    _babble_expand "$1" "$(_babble_value "$_babble_path" "$_babble_option")"
    return
  fi
  case "$1" in
    -*) _babble_options "\${_babble_path:-chat}" ;;
    *)
      if [ "$_babble_index" -eq 0 ]; then _babble_children "$_babble_path"; fi
      _babble_expand "$1" "$(_babble_position "$_babble_path" "$_babble_index")" ;;
  esac
}
_babble_expand() {
  case "$2" in
    '') ;;
    files) printf ':files\\n' ;;
    words*) printf '%s\\n' "\${2#words?}" ;;
    *)
      babble __complete "$2" 2> /dev/null
      case "$1" in */*|.*) printf ':files\\n' ;; esac ;;
  esac
}
`;

function switchFunction(name: string, on: string, cases: readonly (readonly string[])[]): string {
  const arms = cases.map(([pattern, body]) => `    ${pattern}) ${body} ;;\n`).join('');
  return `${name}() {\n  case ${on} in\n${arms}    *) return 1 ;;\n  esac\n}`;
}

function lines(entries: readonly (readonly [name: string, description: string])[]): string {
  const each = entries.map(([name, description]) => quote(`${name}\t${description}`));
  return `printf '%s\\n' ${each.join(' ')}`;
}

function source(values: Values): string {
  if (typeof values === 'string') return `printf '%s' ${quote(values)}`;
  return `printf '%s\\n' words ${values.map(quote).join(' ')}`;
}

/** As one word, whatever it holds. */
function quote(text: string): string {
  return `'${text.replace(/\s*\n\s*/g, ' ').replaceAll("'", "'\\''")}'`;
}
