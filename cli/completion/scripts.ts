/** Shells that `lbuild completion` knows. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What a shell asks, and how it is answered: `lbuild __complete -- WORD...` with all words up to the one that is typed,
 * without `lbuild`. A line a candidate, with its description after a tab; the line `:files` says that files may stand there.
 */
export const askingCommand = '__complete';
export const filesMark = ':files';

const bash = `# lbuild completion for bash: source <(lbuild completion bash)
_lbuild() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == '${filesMark}' ]]; then
      compopt -o default
      continue
    fi
    line=\${line%%$'\\t'*}
    [[ $line == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
  done < <("\${COMP_WORDS[0]}" ${askingCommand} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _lbuild lbuild
`;

const zsh = `#compdef lbuild
# lbuild completion for zsh: source <(lbuild completion zsh)
_lbuild() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" ${askingCommand} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == '${filesMark}' ]]; then
      _files
    elif [[ -n $line ]]; then
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#found} )) && _describe lbuild found
}
if [[ \${funcstack[1]} == _lbuild ]]; then _lbuild "$@"; else compdef _lbuild lbuild; fi
`;

const fish = `# lbuild completion for fish: lbuild completion fish | source
function __lbuild_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] ${askingCommand} -- $words[2..] 2>/dev/null)
        if test "$line" = '${filesMark}'
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c lbuild -f -a '(__lbuild_complete)'
`;

/** The script by which a shell completes the commands, options and values of lbuild. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
