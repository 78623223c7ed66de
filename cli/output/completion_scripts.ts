/**
 * The scripts by which shells complete commands and ids.
 *
 * @module
 */

/**
 * Scripts by shell; `PROGRAM` stands for the program. Each asks `berth completions complete -- WORDS`, which prints a
 * completion a line with its description behind a tab, and last a line that begins with a colon. Words are passed as
 * arguments and never evaluated: to complete `$(command)` must not run it.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `__berth_complete() {
    local value
    COMPREPLY=()
    while IFS=$'\\t' read -r value _; do
        [[ $value != :* && $value == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$value")
    done < <(PROGRAM completions complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F __berth_complete berth`,
  zsh: `#compdef berth
_berth() {
    local line value
    local -a found
    for line in "\${(@f)$(PROGRAM completions complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line || $line == :* ]] && continue
        value=\${line%%$'\\t'*}
        found+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    done
    if (( $#found )); then _describe berth found; else _files; fi
}
compdef _berth berth`,
  fish: `function __berth_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (PROGRAM completions complete -- $words[2..-1] 2>/dev/null | string match -v -r '^:')
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c berth -f -a '(__berth_complete)'`,
};

/** The shells that have a script. */
export const SHELLS: readonly string[] = Object.keys(SCRIPTS);

/**
 * Returns the script of a shell.
 *
 * @param shell One of {@linkcode SHELLS}.
 * @param program The program, quoted for the shell.
 */
export function completionScript(shell: string, program: string): string {
  return SCRIPTS[shell]!.replaceAll("PROGRAM", () => program);
}
