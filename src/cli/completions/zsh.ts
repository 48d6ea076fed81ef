import type { CommandDefinition } from './definitions.ts';
import { knowledge } from './knowledge.ts';

/** To be evaluated after `compinit`, or kept as `_babble` in a folder of `fpath`. */
export function zshScript(definitions: readonly CommandDefinition[]): string {
  return `#compdef babble
# zsh completion of babble: eval "$(babble completions zsh)" after compinit
${knowledge(definitions)}
_babble() {
  local word=\${words[CURRENT]} line files=''
  local -a before names shown
  before=("\${(@)words[2,CURRENT-1]}")
  if [[ $word == --*=* ]]; then
    before+=("\${word%%=*}")
    word=\${word#*=}
    compset -P '*='
  fi
  _babble_place "\${before[@]}"
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then files=1; continue; fi
    names+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done < <(_babble_candidates "$word")
  (( \${#names} )) && compadd -l -d shown -a names
  [[ -n $files ]] && _files
  return 0
}
if [[ \${funcstack[1]} == _babble ]]; then _babble "$@"; else compdef _babble babble; fi
`;
}
