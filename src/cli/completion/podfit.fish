# fish completion of podfit. Load it with:  podfit completion fish | source
# or put it into ~/.config/fish/completions/podfit.fish.

function __podfit_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l head (string match --regex -- '^--[^=]*=' $word)
    for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':0'
                __podfit_prefix "$head" (__fish_complete_path (string replace -- "$head" '' "$word"))
            case ':16'
                __podfit_prefix "$head" (__fish_complete_directories (string replace -- "$head" '' "$word"))
            case ':*'
            case '*'
                echo $line
        end
    end
end

function __podfit_prefix
    for path in $argv[2..-1]
        echo "$argv[1]$path"
    end
end

complete --command podfit --no-files --arguments '(__podfit_complete)'
complete --command kubectl-podfit --no-files --arguments '(__podfit_complete)'
