#include "events.h"

#include <limits.h>
#include <stdio.h>

/* libyaml reads 16 KiB at a time, so the last read of an object takes that much of what follows it */
#define READ_AHEAD_BYTES ((uint64_t)32 * 1024)

const char *pf_events_file(const struct pf_events *events)
{
    return strcmp(events->file, "-") == 0 ? "stdin" : events->file;
}

static uint32_t one_based(size_t position)
{
    return position < UINT32_MAX ? (uint32_t)position + 1 : UINT32_MAX;
}

struct pf_yaml_mark pf_events_mark(const struct pf_events *events)
{
    return (struct pf_yaml_mark){.line = one_based(events->event.start_mark.line),
                                 .column = one_based(events->event.start_mark.column)};
}

bool pf_events_is_nothing(const struct pf_events *events)
{
    const yaml_event_t *event = &events->event;
    return event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0 &&
           event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.tag == NULL &&
           event->data.scalar.anchor == NULL;
}

void pf_events_begin_object(struct pf_events *events)
{
    events->object_start_bytes = events->read_bytes;
}

/* yaml_read_handler_t: 1 is success, 0 a failure */
static int read_handler(void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
    struct pf_events *events = data;
    size_t len = 0;
    enum pf_code code = events->read(events->opaque, (char *)buffer, size, &len, &events->read_err);
    if (code != PF_OK) {
        (void)pf_err_set(&events->read_err, code, "cannot read '%s'", pf_events_file(events));
        return 0;
    }
    events->read_bytes += len;
    if (events->read_bytes > events->max_bytes) {
        (void)pf_err_set(&events->read_err, PF_E_TOO_BIG,
                         "%s: input is over the limit of %llu bytes", pf_events_file(events),
                         (unsigned long long)events->max_bytes);
        return 0;
    }
    uint64_t object_bytes = events->read_bytes - events->object_start_bytes;
    if (events->max_object_bytes != UINT64_MAX && len != 0 &&
        object_bytes > events->max_object_bytes + READ_AHEAD_BYTES) {
        (void)pf_err_set(&events->read_err, PF_E_TOO_BIG,
                         "%s:%zu: an object is over the limit of %llu bytes",
                         pf_events_file(events), events->parser.mark.line + 1,
                         (unsigned long long)events->max_object_bytes);
        return 0;
    }
    *size_read = len;
    return 1;
}

enum pf_code pf_events_init(struct pf_events *events, const char *file, pf_yaml_read_fn read,
                            void *opaque, const struct pf_yaml_split_limits *limits,
                            struct pf_err *err)
{
    *events = (struct pf_events){
        .file = file,
        .read = read,
        .opaque = opaque,
        .max_bytes = limits->max_bytes,
        .max_object_bytes = limits->max_object_bytes != 0 ? limits->max_object_bytes : UINT64_MAX,
    };
    if (yaml_parser_initialize(&events->parser) == 0) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the YAML parser");
    }
    yaml_parser_set_input(&events->parser, read_handler, events);
    return PF_OK;
}

/* libyaml does not care what it gives back; a kubeconfig has keys. What it copied while a scalar grew cannot be reached. */
static void forget_event(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT && event->data.scalar.value != NULL) {
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    }
    yaml_event_delete(event);
}

static void forget_bytes(unsigned char *start, const unsigned char *end)
{
    if (start != NULL) {
        explicit_bzero(start, (size_t)(end - start));
    }
}

void pf_events_done(struct pf_events *events)
{
    yaml_parser_t *parser = &events->parser;
    forget_event(&events->event);
    forget_bytes(parser->buffer.start, parser->buffer.end);
    forget_bytes(parser->raw_buffer.start, parser->raw_buffer.end);
    yaml_parser_delete(parser);
}

static enum pf_code reader_failure(const struct pf_events *events, struct pf_err *err)
{
    const yaml_parser_t *parser = &events->parser;
    if (events->read_err.code != PF_OK) {
        return pf_err_set(err, events->read_err.code, "%s", events->read_err.text);
    }
    return pf_err_set(err, PF_E_INVALID, "%s:%zu:%zu: %s (byte %zu of the input)",
                      pf_events_file(events), parser->mark.line + 1, parser->mark.column + 1,
                      parser->problem, parser->problem_offset);
}

static enum pf_code parser_failure(const struct pf_events *events, struct pf_err *err)
{
    const yaml_parser_t *parser = &events->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    if (parser->error == YAML_MEMORY_ERROR) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the YAML parser");
    }
    if (parser->error == YAML_READER_ERROR) {
        return reader_failure(events, err);
    }
    const bool tab = strcmp(problem, "found character that cannot start any token") == 0 &&
                     parser->buffer.pointer < parser->buffer.last &&
                     *parser->buffer.pointer == '\t';
    if (tab) {
        return pf_err_set(err, PF_E_INVALID, "%s:%zu:%zu: a tab cannot indent, use spaces",
                          pf_events_file(events), parser->problem_mark.line + 1,
                          parser->problem_mark.column + 1);
    }
    size_t line = parser->problem_mark.line + 1;
    size_t column = parser->problem_mark.column + 1;
    if (parser->context == NULL) {
        return pf_err_set(err, PF_E_INVALID, "%s:%zu:%zu: %s", pf_events_file(events), line, column,
                          problem);
    }
    return pf_err_set(err, PF_E_INVALID, "%s:%zu:%zu: %s (%s that begins at line %zu, column %zu)",
                      pf_events_file(events), line, column, problem, parser->context,
                      parser->context_mark.line + 1, parser->context_mark.column + 1);
}

enum pf_code pf_events_next(struct pf_events *events, struct pf_err *err)
{
    forget_event(&events->event);
    if (yaml_parser_parse(&events->parser, &events->event) == 0) {
        return parser_failure(events, err);
    }
    return PF_OK;
}
