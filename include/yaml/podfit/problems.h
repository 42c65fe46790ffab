#ifndef PODFIT_PROBLEMS_H
#define PODFIT_PROBLEMS_H

/**
 * All errors of a file a person wrote, at once: each with position, dotted path and a sentence. Bounded: the first PF_PROBLEMS_MAX are kept, the
 * others counted. One thread at a time.
 */

#include <podfit/yaml.h>

/** Problems that are kept; nobody reads more, and a hostile file must not cost memory. */
#define PF_PROBLEMS_MAX 100

/** One step of the way from the root to a value; lives on the stack of the decoders. */
struct pf_problems_path {
    const struct pf_problems_path *parent; /**< NULL at the root */
    struct pf_sv key;                      /**< a member; ptr NULL for a list element */
    size_t index;                          /**< of a list element */
};

/** One problem. */
struct pf_problem {
    struct pf_yaml_mark mark; /**< line 0: none */
    const char *text; /**< in the arena: `classes[0].onFull: ...`, without file and position */
    const char *file; /**< that was `file` of the collection when it was added; borrowed */
};

struct pf_problems {
    struct pf_arena *arena; /**< borrowed; owns the texts */
    const char *
        file; /**< borrowed; of the problems that are added; a decoder that reads another file sets it meanwhile */
    size_t count;   /**< kept, at most PF_PROBLEMS_MAX */
    size_t total;   /**< all, the dropped ones included */
    bool no_memory; /**< a text could not be kept */
    struct pf_problem items[PF_PROBLEMS_MAX];
};

/** @param arena borrowed, must outlive @p problems  @param file borrowed likewise */
void pf_problems_init(struct pf_problems *problems, struct pf_arena *arena, const char *file);

/**
 * Add a problem. Cannot fail; without memory it is counted and `no_memory` is set.
 *
 * @param mark  position of the value; {0} when there is none
 * @param path  borrowed for the call; NULL at the root
 * @param format  the sentence: lower-case, what was found and what is allowed
 */
void pf_problems_add(struct pf_problems *problems, struct pf_yaml_mark mark,
                     const struct pf_problems_path *path, const char *format, ...) PF_PRINTF(4, 5);

/** Append a path as `classes[0].onFull`; keys other than [A-Za-z0-9_-] are quoted: `labels['a.b']`. */
void pf_problems_path(const struct pf_problems_path *path, struct pf_buf *buf);

/** Append one line a problem, ordered by position within each file: `file:line:column: path: sentence`, then `and N more` if some were dropped. */
void pf_problems_format(const struct pf_problems *problems, struct pf_buf *buf);

/** @return PF_OK when there is none, else PF_E_INVALID (or PF_E_NO_MEMORY) with the first problem and how many more in @p err */
enum pf_code pf_problems_status(const struct pf_problems *problems,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * The candidate nearest to a misspelt word, by edit distance (swapped neighbours count one, case counts nothing); at most a third of the
 * word may differ.
 *
 * @param candidate  returns the i-th candidate, NULL after the last; borrowed
 * @return a candidate or NULL when none is near
 */
const char *pf_problems_nearest(struct pf_sv word,
                                const char *(*candidate)(const void *opaque, size_t i),
                                const void *opaque);

#endif
