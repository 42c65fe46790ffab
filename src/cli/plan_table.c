#include "plan_options.h"

static const char *const price_choices[] = {"limits", "requests", NULL};

#define AT(member) offsetof(struct pf_plan_options, member)
#define TEXT(n, m, v, h)                                                                  \
    {                                                                                     \
        .name = (n), .type = PF_CLIOPT_STRING, .offset = AT(m), .value = (v), .help = (h) \
    }
#define TEXTS(n, m, v, h)                                                                  \
    {                                                                                      \
        .name = (n), .type = PF_CLIOPT_STRINGS, .offset = AT(m), .value = (v), .help = (h) \
    }

static const struct pf_cliopt rows[] = {
    TEXT(
        "snapshot", source.snapshot, "FILE",
        "plan on the nodes of this cluster, beside what runs there: 'kubectl get -o yaml|json' of nodes, "
        "pods and namespaces; 'example' is the embedded one, as without any cluster named"),
    PF_SOURCE_ROWS(struct pf_plan_options, source),
    TEXTS("node", nodes, "KEY=VALUE,...",
          "plan on empty nodes like this: count, cpu, memory, ephemeral-storage, pods (110), "
          "taint=K=V:EFFECT, label=K=V, name, extended resources; may be repeated"),
    TEXT("kube-reserved", kube_reserved, "cpu=C,memory=M",
         "what kubelet keeps of each --node for itself; also ephemeral-storage"),
    TEXT("system-reserved", system_reserved, "cpu=C,memory=M",
         "what kubelet keeps of each --node for the system"),
    TEXT("eviction-hard", eviction_hard, "memory=M",
         "what kubelet keeps free of each --node; its own default is memory=100Mi"),
    TEXT("config", config, "FILE", "the webhook's configuration; see --class"),
    TEXT(
        "class", class_, "NAME",
        "class of the configuration; without it the one that covers the pod of --file, or the only one"),
    TEXT("quotas", quotas, "JSON", "CoCalc's default_quotas, in place of those of the class"),
    {.name = "member",
     .type = PF_CLIOPT_FLAG,
     .offset = AT(member),
     .help = "a project of a member (memberSelector of the class), with its higher floors"},
    {.name = "file",
     .letter = 'f',
     .type = PF_CLIOPT_STRING,
     .offset = AT(file),
     .value = "FILE",
     .help =
         "the project's pod, YAML or JSON, - is standard input; without it a pod that the class "
         "covers is made up"},
    TEXT("requests", requests, "cpu=C,memory=M",
         "what the made-up pod requests before it is rewritten"),
    TEXT("limits", limits, "cpu=C,memory=M", "limits of the made-up pod before it is rewritten"),
    TEXT("usage", usage, "cpu=C,memory=M", "what a project really uses on average"),
    {.name = "projects",
     .type = PF_CLIOPT_INT,
     .offset = AT(projects),
     .value = "NUMBER",
     .min = 1,
     .max = PF_PLAN_COUNT_MAX,
     .help = "projects that are to fit; without it and --users: as many as do"},
    {.name = "users",
     .type = PF_CLIOPT_INT,
     .offset = AT(users),
     .value = "NUMBER",
     .min = 1,
     .max = PF_PLAN_COUNT_MAX,
     .help = "users, with a project each unless the next two options say otherwise"},
    TEXT("users-per-pod", users_per_pod, "DECIMAL", "users that share a project, such as 1.5"),
    TEXT("projects-per-user", projects_per_user, "DECIMAL", "projects of a user, such as 2.5"),
    {.name = "users-per-hub",
     .type = PF_CLIOPT_INT,
     .offset = AT(users_per_hub),
     .value = "NUMBER",
     .min = 1,
     .max = PF_PLAN_COUNT_MAX,
     .help = "connections that a hub takes: says how many hubs the users need"},
    TEXTS("volume", volumes, "BYTES",
          "volume of a project, such as 50Gi or 50Gi+5Gi; may be repeated"),
    TEXT("price", price, "KEY=VALUE,...",
         "cpu-hour, memory-gb-hour, gb-month (of volumes); a GB is 2^30 bytes"),
    {.name = "price-by",
     .type = PF_CLIOPT_ENUM,
     .offset = AT(price_by),
     .value = "WHAT",
     .fallback = "limits",
     .choices = price_choices,
     .help = "what of CPU and memory is paid for"},
    {.name = "hours-per-day",
     .type = PF_CLIOPT_INT,
     .offset = AT(hours_per_day),
     .value = "NUMBER",
     .fallback = "24",
     .min = 1,
     .max = 24,
     .help = "hours a day that projects run and are paid for"},
    {.name = "days-per-month",
     .type = PF_CLIOPT_INT,
     .offset = AT(days_per_month),
     .value = "NUMBER",
     .fallback = "30",
     .min = 1,
     .max = 31,
     .help = "days of a month of compute; storage is paid by the month"},
    TEXTS(
        "what-if", what_ifs, "KEY=VALUE",
        "a second column with this changed: mem, mem_oc, cpu, cpu_oc, percent fields, pods, node-cpu, "
        "node-memory, count, add, projects, users, users-per-pod, projects-per-user, users-per-hub, "
        "usage-cpu, usage-memory, volume, and keys of --price; repeated ones change together"),
    {.name = "output",
     .letter = 'o',
     .type = PF_CLIOPT_ENUM,
     .offset = AT(format),
     .value = "FORMAT",
     .fallback = "table",
     .choices = pf_cliout_formats,
     .help = "format"},
};

const struct pf_cliopt_command pf_plan_options_command = {
    .name = "podfit plan",
    .usage = "[OPTIONS]",
    .about =
        "Say how many projects fit a cluster, which constraint binds, what would make a wanted number\n"
        "fit, and what it costs. The project is rewritten and judged by the code that admits pods;\n"
        "arithmetic is exact.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .notes =
        "Exit status: 0 planned, 1 the wanted number does not fit (with --what-if: in the second column),\n"
        "2 error. Bars and colours only on a terminal; NO_COLOR is respected.",
    .examples =
        "  podfit plan --config examples/config.yaml --class projects\n"
        "  podfit plan --quotas '{\"mem\":2000,\"cpu\":1,\"cpu_oc\":20,\"mem_oc\":10}' --node cpu=24,memory=256Gi\n"
        "  podfit plan --config podfit.yaml --class ide --live --projects 200\n"
        "  podfit plan --config podfit.yaml --class ide --snapshot cluster.json --what-if mem_oc=8\n"
        "  podfit plan --requests cpu=500m,memory=512Mi --limits cpu=2,memory=2Gi --node cpu=8,memory=32Gi \\\n"
        "    --users 20 --users-per-pod 1.5 --volume 50Gi+5Gi --price cpu-hour=0.031,gb-month=0.10",
};
