#ifndef PODFIT_CLI_SOURCE_H
#define PODFIT_CLI_SOURCE_H

/** Where a command takes its cluster from: the embedded example, a snapshot, or a living cluster. One thread. */

#include <podfit/cliopt.h>
#include <podfit/config.h>
#include <podfit/kubeconfig.h>
#include <podfit/live.h>
#include <podfit/model.h>

/** What the user said; the members of the options' struct. */
struct pf_source_options {
    const char *snapshot;   /**< --snapshot; `example` is the embedded one */
    const char *kubeconfig; /**< --kubeconfig */
    const char *context;    /**< --context */
    bool live;              /**< --live */
};

/** What it comes to. */
enum pf_source_kind {
    PF_SOURCE_EXAMPLE,  /**< the embedded cluster */
    PF_SOURCE_SNAPSHOT, /**< a file */
    PF_SOURCE_LIVE,     /**< an API server */
};

struct pf_source {
    enum pf_source_kind kind;
    const char *snapshot;       /**< of PF_SOURCE_SNAPSHOT; borrowed */
    struct pf_kube_config kube; /**< of PF_SOURCE_LIVE; in the arena */
};

/**
 * Rows for the option table of a command whose values hold a struct pf_source_options as MEMBER; TYPE is the struct.
 */
#define PF_SOURCE_ROWS(TYPE, MEMBER)                                                            \
    {PF_CLIOPT_TEXT(TYPE, MEMBER.kubeconfig), .name = "kubeconfig", .value = "FILE",            \
     .help = "the cluster of this kubeconfig"},                                                 \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.context), .name = "context", .value = "NAME",              \
         .help = "context of the kubeconfig; without it the current one"},                      \
    {                                                                                           \
        PF_CLIOPT_SWITCH(TYPE, MEMBER.live),                                                    \
            .name = "live",                                                                     \
            .help = "the cluster that kubectl would talk to ($KUBECONFIG, else ~/.kube/config)" \
    }

/** What to take when the user named nothing and we do not run in a cluster. */
enum pf_source_default {
    PF_SOURCE_DEFAULT_EXAMPLE, /**< serve: can be tried without a cluster */
    PF_SOURCE_DEFAULT_LIVE,    /**< as kubectl does */
};

/**
 * Decide, and load the kubeconfig or the service account of a living cluster.
 *
 * @param arena  takes the strings of ret_source
 * @return PF_OK; PF_E_INVALID (options that exclude each other) and what kubeconfig.h says
 */
enum pf_code pf_source_choose(const struct pf_source_options *options,
                              enum pf_source_default fallback, struct pf_arena *arena,
                              struct pf_source *ret_source, struct pf_err *err) PF_MUST_CHECK;

/** For messages: `embedded example cluster`, the file's name, `standard input`, or `https://...`. Borrowed from the source. */
const char *pf_source_name(const struct pf_source *source);

/** `podfit/0.1.0 (linux/amd64)`. Static. */
const char *pf_source_user_agent(void);

/** Bytes of a pod's name, as its host name has it, with the NUL. */
#define PF_SOURCE_POD_BYTES 254

/** The pod that this process runs in, into @p text. @return false: it runs in none, or has no name */
bool pf_source_pod(char text[PF_SOURCE_POD_BYTES]);

/** The log of a command that is no server: warnings as text, or what PF_LOG says. Before any thread starts. @return PF_OK or PF_E_INVALID */
enum pf_code pf_source_configure_log(struct pf_err *err) PF_MUST_CHECK;

/** Tell on stderr which kinds of a living cluster are forbidden to us. */
void pf_source_say_denied(struct pf_live *live);

/** Changes a configuration that was adapted to the version of a living cluster (options of the command line); on another thread. @return PF_OK or the code of what is wrong */
typedef enum pf_code (*pf_source_adapt_fn)(void *ctx, struct pf_config *config, struct pf_err *err);

/** A model that was filled once. */
struct pf_source_load {
    const struct pf_source *source;
    struct pf_config *config; /**< borrowed */
    pf_source_adapt_fn adapt; /**< may be NULL */
    void *ctx;                /**< of adapt */
    struct pf_config
        *adapted; /**< out: one reference for the caller: config for the cluster's version */
    struct pf_model *model; /**< out: owned by the caller */
};

/** Fill a model from the source, waiting pods placed. @return PF_OK, or a code with its text; nothing is owned by the caller then */
enum pf_code pf_source_model(struct pf_source_load *load, struct pf_err *err) PF_MUST_CHECK;

#endif
