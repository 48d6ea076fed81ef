import type { CommandDefinition } from './definitions.ts';
import { knowledge } from './knowledge.ts';

/** For bash 3.2 and later, with nothing else installed. */
export function bashScript(definitions: readonly CommandDefinition[]): string {
  return `# bash completion of babble: eval "$(babble completions bash)"
${knowledge(definitions)}
_babble() {
  local word=\${COMP_WORDS[COMP_CWORD]} line files='' i
  local -a before=()
  # bash makes three words of --name=value.
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == '=' ]] || before+=("\${COMP_WORDS[i]}")
  done
  [[ $word == '=' ]] && word=''
  COMPREPLY=()
  _babble_place "\${before[@]}"
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then files=1; continue; fi
    line=\${line%%$'\\t'*}
    [[ $line == "$word"* ]] && COMPREPLY+=("$line")
  done < <(_babble_candidates "$word")
  [[ $files ]] || return 0
  compopt -o filenames 2> /dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
}
complete -F _babble babble
`;
}
