# bash completion of podfit. Load it with:  source <(podfit completion bash)

# The program is asked: its first argument is the command line's first word, so that 'kubectl-podfit' and paths work as well.
_podfit() {
    local words=() word line directive candidate head=
    # bash takes words apart at '='; podfit wants them whole.
    for ((word = 1; word <= COMP_CWORD; word++)); do
        if ((${#words[@]} > 0)) && [[ ${COMP_WORDS[word]} == '=' || ${words[-1]} == --*= ]]; then
            words[-1]+=${COMP_WORDS[word]}
        else
            words+=("${COMP_WORDS[word]}")
        fi
    done
    [[ ${words[-1]} == --*=* ]] && head=${words[-1]%%=*}=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${line#:}
        else
            candidate=${line%%$'\t'*}
            COMPREPLY+=("${candidate#"$head"}")
        fi
    done < <("$1" __complete "${words[@]}" 2>/dev/null)
    local name=${words[-1]#"$head"}
    case $directive in
        0) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$name") ;;
        16) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$name") ;;
    esac
}
complete -F _podfit podfit kubectl-podfit
