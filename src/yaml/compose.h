#ifndef PODFIT_COMPOSE_H
#define PODFIT_COMPOSE_H

/** Events to trees: anchors, aliases, merge keys, duplicate keys, limits. */

#include "events.h"
#include <podfit/map.h>

/** `file:line:column: ` in front of every text; a format needs a literal, hence macros. */
#define PF_COMPOSE_AT            "%s:%u:%u: "
#define PF_COMPOSE_AT_ARGS(c, m) pf_events_file((c)->events), (m).line, (m).column

/** State of one tree. */
struct pf_compose {
    struct pf_events *events;        /**< borrowed */
    struct pf_arena *arena;          /**< borrowed; owns the tree */
    const struct pf_compose *parent; /**< where else anchors are looked up; NULL: nowhere */
    struct pf_map anchors;           /**< name to node; 0 while the node is being built */
    struct pf_yaml_member
        *stack; /**< children of the collections being built, innermost last; malloc'd */
    size_t stack_count;
    size_t stack_cap;
    size_t nodes; /**< so far, after alias expansion */
};

void pf_compose_init(struct pf_compose *compose, struct pf_events *events, struct pf_arena *arena);
void pf_compose_done(struct pf_compose *compose);
/** Forget anchors and counts, for the next tree; memory is kept where it is cheap. */
void pf_compose_reset(struct pf_compose *compose);

/**
 * Build the node that begins with the current event; afterwards the current event is its last.
 *
 * @param depth  of the node, the root is 1
 * @return as pf_yaml_parse()
 */
enum pf_code pf_compose_node(struct pf_compose *compose, uint32_t depth,
                             const struct pf_yaml_node **ret_node,
                             struct pf_err *err) PF_MUST_CHECK;

/** Read the key that is the current event. A merge key gives key.ptr NULL. */
enum pf_code pf_compose_key(struct pf_compose *compose, struct pf_yaml_member *ret_member,
                            struct pf_err *err) PF_MUST_CHECK;

/** Put a finished member on the stack. */
enum pf_code pf_compose_push(struct pf_compose *compose, const struct pf_yaml_member *member,
                             struct pf_err *err) PF_MUST_CHECK;

/** Take the members above @p base off the stack into a map: duplicate keys, merges. */
enum pf_code pf_compose_map_finish(struct pf_compose *compose, size_t base,
                                   struct pf_yaml_node *map, struct pf_err *err) PF_MUST_CHECK;

/** Check the tag of the map or list that is the current event. */
enum pf_code pf_compose_check_tag(const struct pf_compose *compose,
                                  struct pf_err *err) PF_MUST_CHECK;

/** PF_E_NO_MEMORY with its text. */
enum pf_code pf_compose_no_memory(const struct pf_compose *compose, struct pf_err *err);

static inline void pf_compose_done_cleanup(struct pf_compose *compose)
{
    pf_compose_done(compose);
}
#define pf_autocompose __attribute__((cleanup(pf_compose_done_cleanup)))

#endif
