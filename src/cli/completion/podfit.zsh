#compdef podfit kubectl-podfit
# zsh completion of podfit. Load it with:  source <(podfit completion zsh)
# or put it into a file '_podfit' in a folder of $fpath.

_podfit() {
    local -a candidates
    local line directive=4 candidate sentence
    while IFS= read -r line; do
        if [[ $line == :* ]]; then
            directive=${line#:}
            continue
        fi
        candidate=${line%%$'\t'*}
        sentence=${line#*$'\t'}
        candidates+=("${candidate//:/\\:}${sentence:+:$sentence}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#candidates )) && _describe -V podfit candidates
    [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
    case $directive in
        0) _files ;;
        16) _files -/ ;;
    esac
}

if [ "${funcstack[1]}" = _podfit ]; then
    _podfit "$@"
else
    compdef _podfit podfit kubectl-podfit
fi
