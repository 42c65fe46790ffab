#ifndef PODFIT_REGISTRATION_INTERNAL_H
#define PODFIT_REGISTRATION_INTERNAL_H

/* What the sources of registration share. All of it belongs to the thread that steps; `shared` is under its lock. */

#include <pthread.h>
#include <stdatomic.h>

#include "followed.h"
#include <podfit/lease.h>
#include <podfit/registered_objects.h>
#include <podfit/registration.h>

/* The thread looks at its duties so often. */
#define PF_REGISTRATION_LOOK_MS INT64_C(1000)
/* And so often at dates and trust without a reason: by wall clock and often (webhook practice C-02), but it takes OpenSSL some milliseconds. */
#define PF_REGISTRATION_CLOSE_LOOK_MS INT64_C(5000)

/** What may be wrong, in the order in which it is told. */
enum pf_registration_trouble {
    PF_TROUBLE_SECRET_WATCH, /**< the Secret cannot be followed */
    PF_TROUBLE_SECRET,       /**< it is none of ours */
    PF_TROUBLE_WRITE,        /**< it cannot be created or renewed */
    PF_TROUBLE_SERVE,        /**< its pair cannot be used */
    PF_TROUBLE_HOOK_WATCH,   /**< the webhook configuration cannot be followed */
    PF_TROUBLE_HOOK,         /**< it is not there, or cannot be read */
    PF_TROUBLE_BUNDLE,       /**< the bundle cannot be written */
    PF_TROUBLE_ROTATE,       /**< the annotation cannot be understood */
    PF_TROUBLE_KINDS,        /**< how many there are */
};

#define PF_TROUBLE_BYTES 512

/** The Secret as it is now. */
enum pf_registration_secret {
    PF_SECRET_UNKNOWN,  /**< not read yet */
    PF_SECRET_ABSENT,   /**< there is none */
    PF_SECRET_EMPTY,    /**< there is one without any of our keys */
    PF_SECRET_USABLE,   /**< `set` is what it holds */
    PF_SECRET_UNUSABLE, /**< it holds something else; `set` is what it held before */
};

/** When something that has to be written may be. */
struct pf_registration_pace {
    int64_t due_since_mono_ns; /**< 0: nothing is due */
    int64_t next_mono_ns;      /**< not before this */
    int64_t wait_ms;           /**< the next wait */
};

/** The pair in force. */
struct pf_registration_served {
    struct pf_buf cert_pem; /**< empty: none */
    char sha256[65];
    char issuer[512];
    int64_t not_after_wall_ns;
};

struct pf_registration {
    struct pf_registration_options options; /* strings in the arena */
    struct pf_arena arena;
    const char *secrets_path;
    const char *secret_path;
    const char *hook_path; /* of the server-side apply */
    struct pf_kube_client *client;
    struct pf_lease *lease;
    struct pf_followed secret;
    struct pf_followed hook;
    enum pf_registration_secret state;
    struct pf_certset set; /* the newest that was usable */
    char version[64];      /* resourceVersion of the Secret; goes with `state` */
    enum pf_secret_rotate rotate;
    unsigned acts_due; /* enum pf_certplan_act */
    struct pf_arena hook_arena;
    struct pf_hook_object
        entries;                 /* count 0: there is no configuration, or none that can be read */
    bool hook_known;             /* the configuration, or that there is none, has been seen */
    bool was_right;              /* the bundle of `set` has been in place */
    int64_t right_since_mono_ns; /* since when it is; 0: it is not */
    int64_t reset_mono_ns;       /* the last time that somebody changed it */
    int64_t reset_wait_ms;
    struct pf_registration_served served;
    struct pf_registration_pace secret_pace;
    struct pf_registration_pace bundle_pace;
    int64_t look_mono_ns;
    int64_t closely_mono_ns; /* the last close look, by both clocks */
    int64_t closely_wall_ns;
    char troubles[PF_TROUBLE_KINDS][PF_TROUBLE_BYTES];
    uint64_t random;
    struct pf_registration_stats stats; /* of the thread; copied to shared */
    bool started;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards shared */
    struct pf_registration_stats shared;
};

/** Say what is wrong, in the log when it is new; the text is cut to what the table holds. */
void pf_registration_trouble(struct pf_registration *self, enum pf_registration_trouble kind,
                             const char *format, ...) PF_PRINTF(3, 4);
/** It is right again. */
void pf_registration_settle(struct pf_registration *self, enum pf_registration_trouble kind);
/** What certificates are wanted now. */
struct pf_certdir_options pf_registration_wanted(const struct pf_registration *self);

/** observe.c: take in what the watches brought. @return has anything changed? */
bool pf_observe_take(struct pf_registration *self);
/** observe.c: whether the bundle is right. @param closely  also dates, what is due, and trust */
void pf_observe_look(struct pf_registration *self, bool closely);
/** observe.c: does every entry of the configuration trust this chain? false when there is none. */
bool pf_observe_is_trusted(const struct pf_registration *self, struct pf_sv chain_pem);

/** install.c: put the Secret's pair in force if it may be. @return was it done now? */
bool pf_install_step(struct pf_registration *self);
void pf_install_done(struct pf_registration *self);

/** duty.c: write what is due and ours to write. @return something was written or read anew: look again */
bool pf_duty_step(struct pf_registration *self);

#endif
