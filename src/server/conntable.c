#include <pthread.h>
#include <sys/socket.h>

#include <podfit/conntable.h>
#include <podfit/mem.h>

/* A connection in its first second is probably a client in the middle of its handshake, a request in its first second one that arrives and is answered. */
#define GRACE_NS PF_NS_PER_S

/* Each state is a list in the order in which connections entered it: the oldest is the head. */
struct conn_list {
    struct pf_conn *head;
    struct pf_conn *tail;
    unsigned count;
};

struct pf_conntable {
    struct pf_conntable_options options;
    pthread_mutex_t lock; /* guards the rest and every entry */
    struct conn_list lists[PF_CONN_STATES];
    uint64_t accepted;
    uint64_t ended[PF_CONN_ENDS];
    int64_t last_request_mono_ns;
};

const char *pf_conn_end_name(enum pf_conn_end end)
{
    static const char *const names[PF_CONN_ENDS] = {
        [PF_CONN_END_FIRST] = "first-request",
        [PF_CONN_END_REQUEST] = "request",
        [PF_CONN_END_IDLE] = "idle",
        [PF_CONN_END_EVICTED] = "evicted",
    };
    return (unsigned)end < PF_CONN_ENDS ? names[end] : "unknown";
}

enum pf_code pf_conntable_new(const struct pf_conntable_options *options,
                              struct pf_conntable **ret_table, struct pf_err *err)
{
    struct pf_conntable *table = pf_mem_calloc(1, sizeof(*table));
    if (table == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the connection table");
    }
    table->options = *options;
    (void)pthread_mutex_init(&table->lock, NULL); /* cannot fail with default attributes */
    *ret_table = table;
    return PF_OK;
}

void pf_conntable_free(struct pf_conntable *table)
{
    if (table == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

static void unlink_conn(struct pf_conntable *table, struct pf_conn *conn)
{
    struct conn_list *list = &table->lists[conn->state];
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        list->head = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    } else {
        list->tail = conn->prev;
    }
    list->count--;
}

static void enter_state(struct pf_conntable *table, struct pf_conn *conn, enum pf_conn_state state,
                        int64_t now)
{
    struct conn_list *list = &table->lists[state];
    conn->state = state;
    conn->since_mono_ns = now;
    conn->prev = list->tail;
    conn->next = NULL;
    if (list->tail != NULL) {
        list->tail->next = conn;
    } else {
        list->head = conn;
    }
    list->tail = conn;
    list->count++;
}

static void close_conn(struct pf_conntable *table, struct pf_conn *conn, enum pf_conn_end end,
                       int64_t now)
{
    unlink_conn(table, conn);
    enter_state(table, conn, PF_CONN_CLOSING, now);
    table->ended[end]++;
    (void)shutdown(conn->fd, SHUT_RDWR); /* fails only when the client has gone already */
}

/* The oldest of a state. @return NULL: there is none that has been in it for longer than the grace */
static struct pf_conn *stale(const struct pf_conntable *table, enum pf_conn_state state,
                             int64_t now)
{
    struct pf_conn *oldest = table->lists[state].head;
    return oldest != NULL && now - oldest->since_mono_ns >= GRACE_NS ? oldest : NULL;
}

static void make_room(struct pf_conntable *table, int64_t now)
{
    const unsigned open = table->lists[PF_CONN_FRESH].count + table->lists[PF_CONN_BUSY].count +
                          table->lists[PF_CONN_IDLE].count;
    if (open <= table->options.max_connections) {
        return;
    }
    struct pf_conn *const order[] = {
        stale(table, PF_CONN_FRESH, now),
        table->lists[PF_CONN_IDLE].head,
        stale(table, PF_CONN_BUSY, now),
        table->lists[PF_CONN_FRESH].head,
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(order); i++) {
        if (order[i] != NULL) {
            close_conn(table, order[i], PF_CONN_END_EVICTED, now);
            return;
        }
    }
}

void pf_conntable_add(struct pf_conntable *table, struct pf_conn *conn, int fd)
{
    const int64_t now = pf_clock_mono_ns(table->options.clock);
    pthread_mutex_lock(&table->lock);
    conn->fd = fd;
    enter_state(table, conn, PF_CONN_FRESH, now);
    table->accepted++;
    make_room(table, now);
    pthread_mutex_unlock(&table->lock);
}

void pf_conntable_remove(struct pf_conntable *table, struct pf_conn *conn)
{
    pthread_mutex_lock(&table->lock);
    unlink_conn(table, conn);
    conn->fd = -1;
    pthread_mutex_unlock(&table->lock);
}

static void change(struct pf_conntable *table, struct pf_conn *conn, enum pf_conn_state state)
{
    const int64_t now = pf_clock_mono_ns(table->options.clock);
    pthread_mutex_lock(&table->lock);
    table->last_request_mono_ns = now;
    if (conn->state != PF_CONN_CLOSING && conn->state != state) {
        unlink_conn(table, conn);
        enter_state(table, conn, state, now);
    }
    pthread_mutex_unlock(&table->lock);
}

void pf_conntable_begin(struct pf_conntable *table, struct pf_conn *conn)
{
    change(table, conn, PF_CONN_BUSY);
}

void pf_conntable_end(struct pf_conntable *table, struct pf_conn *conn)
{
    change(table, conn, PF_CONN_IDLE);
}

static unsigned sweep_list(struct pf_conntable *table, enum pf_conn_state state, int64_t limit_ms,
                           int64_t now)
{
    static const enum pf_conn_end ends[PF_CONN_STATES] = {
        [PF_CONN_FRESH] = PF_CONN_END_FIRST,
        [PF_CONN_BUSY] = PF_CONN_END_REQUEST,
        [PF_CONN_IDLE] = PF_CONN_END_IDLE,
    };
    unsigned closed = 0;
    struct pf_conn *conn = table->lists[state].head;
    while (conn != NULL && now - conn->since_mono_ns >= limit_ms * PF_NS_PER_MS) {
        struct pf_conn *next = conn->next;
        close_conn(table, conn, ends[state], now);
        closed++;
        conn = next;
    }
    return closed;
}

unsigned pf_conntable_sweep(struct pf_conntable *table)
{
    const struct pf_conntable_options *options = &table->options;
    const int64_t now = pf_clock_mono_ns(options->clock);
    pthread_mutex_lock(&table->lock);
    unsigned closed = sweep_list(table, PF_CONN_FRESH, options->first_ms, now);
    closed += sweep_list(table, PF_CONN_BUSY, options->request_ms, now);
    closed += sweep_list(table, PF_CONN_IDLE, options->idle_ms, now);
    pthread_mutex_unlock(&table->lock);
    return closed;
}

struct pf_conntable_stats pf_conntable_stats(struct pf_conntable *table)
{
    struct pf_conntable_stats stats = {.accepted = 0};
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; i < PF_CONN_STATES; i++) {
        stats.open[i] = table->lists[i].count;
    }
    for (size_t i = 0; i < PF_CONN_ENDS; i++) {
        stats.ended[i] = table->ended[i];
    }
    stats.accepted = table->accepted;
    stats.last_request_mono_ns = table->last_request_mono_ns;
    pthread_mutex_unlock(&table->lock);
    return stats;
}
