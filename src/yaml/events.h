#ifndef PODFIT_EVENTS_H
#define PODFIT_EVENTS_H

/** libyaml's event stream with our limits and error texts. The only place that talks to libyaml. */

#include <yaml.h>

#include <podfit/yaml_split.h>

struct pf_events {
    yaml_parser_t parser;
    yaml_event_t event; /**< the current one; owned; YAML_NO_EVENT before the first */
    const char *file;   /**< borrowed */
    pf_yaml_read_fn read;
    void *opaque;
    uint64_t read_bytes;
    uint64_t max_bytes;
    uint64_t object_start_bytes; /**< read_bytes when the present object began */
    uint64_t max_object_bytes;   /**< UINT64_MAX: no limit */
    struct pf_err read_err;      /**< why the read handler stopped */
};

/**
 * Prepare the stream in place; @p events must not move until pf_events_done().
 *
 * @param limits  max_arena_bytes is not used here
 * @return PF_OK or PF_E_NO_MEMORY; pf_events_done() is not needed then
 */
enum pf_code pf_events_init(struct pf_events *events, const char *file, pf_yaml_read_fn read,
                            void *opaque, const struct pf_yaml_split_limits *limits,
                            struct pf_err *err) PF_MUST_CHECK;
void pf_events_done(struct pf_events *events);

/** Replace the current event by the next one. @return PF_OK, PF_E_INVALID, PF_E_TOO_BIG, PF_E_NO_MEMORY or the reader's code */
enum pf_code pf_events_next(struct pf_events *events, struct pf_err *err) PF_MUST_CHECK;

/** Bytes read from now on count for a new object. */
void pf_events_begin_object(struct pf_events *events);

/** Position of the current event. */
struct pf_yaml_mark pf_events_mark(const struct pf_events *events);

/** Name of the input for texts. */
const char *pf_events_file(const struct pf_events *events);

/** Is the current event a scalar that is not there at all (an empty document)? */
bool pf_events_is_nothing(const struct pf_events *events);

static inline void pf_events_done_cleanup(struct pf_events *events)
{
    pf_events_done(events);
}
#define pf_autoevents __attribute__((cleanup(pf_events_done_cleanup)))

#endif
