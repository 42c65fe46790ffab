#ifndef PODFIT_REFLECT_H
#define PODFIT_REFLECT_H

/*
 * Inside of the reflector: reflector.c owns it and keeps time, reflect_request.c asks, reflect_answer.c reads the answers, reflect_rules.c decides what a failure
 * leads to. Rules and numbers with their reasons: docs/KUBERNETES.md, "List and watch".
 */

#include <podfit/limits.h>
#include <podfit/reflector.h>

/* What is under way, or due next. */
enum reflect_mode {
    REFLECT_LIST,   /* a page of a list */
    REFLECT_STREAM, /* a streaming list, which becomes a watch at its end bookmark */
    REFLECT_WATCH,
};

/* What a failure leads to. */
enum reflect_verdict {
    REFLECT_FINE,   /* it is none */
    REFLECT_WAIT,   /* the same again after the back-off */
    REFLECT_RETRY,  /* the same again; when that has gone on for a minute, a new list */
    REFLECT_RELIST, /* a new list after the back-off */
    REFLECT_PLAIN,  /* the server has no streaming lists: a paged one, now */
    REFLECT_DENIED, /* the same again in 30 to 60 s */
};

/* resourceVersions that were seen, to tell a repetition from an event that was missed */
#define REFLECT_RECENT 64

struct pf_reflector {
    struct pf_reflector_options options;
    struct pf_reflector_stats stats;
    struct pf_kube_call *call; /* NULL: nothing is under way */
    enum reflect_mode mode;
    uint64_t random;

    int64_t due_ns;     /* when the next request may start */
    int64_t begun_ns;   /* when the present one started */
    int64_t heard_ns;   /* when something came in it: bytes of a page, an event of a watch */
    int64_t trouble_ns; /* first server error since progress was last made; 0: none */
    int64_t gap_ns;     /* when an event out of order last led to a list; 0: never */
    int64_t list_ns;    /* when the list under way began; 0: none does */
    unsigned step;      /* doublings of the back-off */
    int64_t timeout_s;  /* timeoutSeconds of the watch under way */

    bool streaming;      /* streaming lists are still tried */
    bool replacing;      /* the sink has been told that a list comes */
    bool sees_bookmarks; /* this server sends them */
    bool gap_pending;    /* a list is owed for an event out of order */
    unsigned strikes;    /* streaming lists in a row that did not come to their end */
    unsigned silent;     /* watches in a row that were given up before anything came */
    unsigned page_tries; /* failures of the page under way */
    unsigned expired;    /* continue tokens in a row that the server had forgotten */
    uint32_t page_limit; /* 0: all at once */
    int denied;          /* status that the sink knows of; 0: none */
    uint64_t heard;      /* events and bookmarks of the call under way, and its end */
    bool counted;        /* the watch under way is in stats.watches */

    char list_version[sizeof(((struct pf_reflector_stats *)0)->resource_version)];
    struct pf_buf token; /* of the next page; empty: the first */
    uint64_t floor;      /* resourceVersion of the last list; 0: not a number */
    uint64_t last;       /* newest one seen; 0: not a number */
    uint64_t recent[REFLECT_RECENT];
    size_t recent_at;

    struct pf_list_stream *list;
    struct pf_watch_stream watch;
    enum reflect_verdict verdict; /* why a reader stopped the call */
    char why[sizeof(((struct pf_reflector_stats *)0)->last_failure)];
};

/* rules: pure but for the random state */

/* @param status  HTTP status or code of an ERROR event's Status; 0: no answer */
enum reflect_verdict pf_reflect_judge(enum reflect_mode mode, int status, struct pf_sv reason,
                                      struct pf_sv message);
/* Wait before the next try; goes one step up. @param retry_after_ms  -1: the server said nothing */
int64_t pf_reflect_delay_ns(struct pf_reflector *self, enum reflect_verdict verdict,
                            int64_t retry_after_ms);
/* When the call under way is given up if nothing more comes. */
int64_t pf_reflect_deadline_ns(const struct pf_reflector *self);
/* @return 0: not a decimal number */
uint64_t pf_reflect_number(struct pf_sv resource_version);

/* requests */

/* Start what is due. */
void pf_reflect_start(struct pf_reflector *self, int64_t now_ns);

/* answers */

bool pf_reflect_on_data(void *ctx, struct pf_sv bytes);
void pf_reflect_on_done(void *ctx, const struct pf_kube_result *result);
bool pf_reflect_on_event(void *ctx, const struct pf_watch_event *event);
bool pf_reflect_on_item(void *ctx, struct pf_sv item);
/* What is under way has failed: note it, tell the sink, choose what comes next and when. The call is gone. @param message  borrowed */
void pf_reflect_fail(struct pf_reflector *self, enum reflect_verdict verdict,
                     int64_t retry_after_ms, struct pf_sv message);
/* Whatever was under way, a list is next. */
void pf_reflect_start_over(struct pf_reflector *self);
/* What the readers hold of the call that is gone. */
void pf_reflect_drop_readers(struct pf_reflector *self);

static inline void pf_reflect_count_watch(struct pf_reflector *self)
{
    self->stats.watches += !self->counted;
    self->counted = true;
}

#endif
