#include <podfit/exchange.h>
#include <podfit/mem.h>

void pf_exchange_pool_init(struct pf_exchange_pool *pool, size_t body_max_bytes,
                           size_t answer_max_bytes, size_t budget_bytes)
{
    *pool = (struct pf_exchange_pool){
        .body_max_bytes = body_max_bytes,
        .answer_max_bytes = answer_max_bytes,
        .budget_bytes = budget_bytes,
    };
}

static void destroy(struct pf_exchange *exchange)
{
    pf_buf_done(&exchange->body);
    pf_buf_done(&exchange->answer);
    free(exchange);
}

void pf_exchange_pool_done(struct pf_exchange_pool *pool)
{
    while (pool->free_list != NULL) {
        struct pf_exchange *exchange = pool->free_list;
        pool->free_list = exchange->next;
        destroy(exchange);
    }
    pool->free_count = 0;
}

struct pf_exchange *pf_exchange_get(struct pf_exchange_pool *pool)
{
    struct pf_exchange *exchange = pool->free_list;
    if (exchange != NULL) {
        pool->free_list = exchange->next;
        pool->free_count--;
    } else {
        exchange = pf_mem_calloc(1, sizeof(*exchange));
        if (exchange == NULL) {
            return NULL;
        }
        pf_buf_init(&exchange->body, pool->body_max_bytes);
        pf_buf_init(&exchange->answer, pool->answer_max_bytes);
    }
    exchange->next = NULL;
    exchange->pool = pool;
    exchange->refs = 1;
    return exchange;
}

void pf_exchange_ref(struct pf_exchange *exchange)
{
    exchange->refs++;
}

/* Memory that counts against the budget. */
static size_t charge_of(const struct pf_buf *buf)
{
    return buf->cap > PF_EXCHANGE_SMALL_BYTES * 2 ? buf->cap : 0;
}

static void charge(struct pf_exchange *exchange, size_t bytes)
{
    exchange->pool->charged_bytes -= exchange->charged_bytes;
    exchange->pool->charged_bytes += bytes;
    exchange->charged_bytes = bytes;
}

static void drop_body(struct pf_exchange *exchange)
{
    pf_buf_done(&exchange->body);
    pf_buf_init(&exchange->body, exchange->pool->body_max_bytes);
    charge(exchange, 0);
}

static void trim(struct pf_buf *buf, size_t max_bytes)
{
    if (buf->cap > PF_EXCHANGE_KEEP_BYTES) {
        pf_buf_done(buf);
        pf_buf_init(buf, max_bytes);
    }
    pf_buf_reset(buf);
}

void pf_exchange_unref(struct pf_exchange *exchange)
{
    if (--exchange->refs != 0) {
        return;
    }
    struct pf_exchange_pool *pool = exchange->pool;
    charge(exchange, 0);
    if (charge_of(&exchange->body) != 0) {
        drop_body(exchange);
    }
    if (pool->free_count >= PF_EXCHANGE_POOL_MAX) {
        destroy(exchange);
        return;
    }
    struct pf_buf body = exchange->body;
    struct pf_buf answer = exchange->answer;
    trim(&body, pool->body_max_bytes);
    trim(&answer, pool->answer_max_bytes);
    answer.max_bytes = pool->answer_max_bytes;
    *exchange = (struct pf_exchange){.body = body, .answer = answer, .next = pool->free_list};
    pool->free_list = exchange;
    pool->free_count++;
}

void pf_exchange_collect(struct pf_exchange *exchange, const char *bytes, size_t len,
                         uint64_t expected)
{
    exchange->body_total_bytes += len;
    if (exchange->reply != PF_REPLY_NONE) {
        return;
    }
    struct pf_exchange_pool *pool = exchange->pool;
    struct pf_buf *body = &exchange->body;
    if (body->len == 0 && expected != 0) {
        const size_t first =
            expected < PF_EXCHANGE_SMALL_BYTES ? (size_t)expected : PF_EXCHANGE_SMALL_BYTES;
        const char *room = pf_buf_reserve(body, first);
        (void)room; /* a failure stays in the buffer */
    }
    pf_buf_append(body, bytes, len);
    charge(exchange, charge_of(body));
    if (pf_buf_status(body, NULL) == PF_E_TOO_BIG) {
        drop_body(exchange);
        pf_exchange_decide(exchange, PF_REPLY_TOO_LARGE);
    } else if (pf_buf_status(body, NULL) != PF_OK || pool->charged_bytes > pool->budget_bytes) {
        drop_body(exchange);
        pf_exchange_decide(exchange, PF_REPLY_OVERLOADED);
    }
}

void pf_exchange_open_answer(struct pf_exchange *exchange)
{
    const struct pf_exchange_pool *pool = exchange->pool;
    const size_t left = pool->budget_bytes > pool->charged_bytes
                            ? (pool->budget_bytes - pool->charged_bytes) / 2
                            : 0;
    const size_t room = left > PF_EXCHANGE_ANSWER_BYTES ? left : PF_EXCHANGE_ANSWER_BYTES;
    exchange->answer.max_bytes = room < pool->answer_max_bytes ? room : pool->answer_max_bytes;
}

void pf_exchange_decide(struct pf_exchange *exchange, enum pf_reply reply)
{
    if (exchange->reply != PF_REPLY_NONE) {
        return;
    }
    exchange->reply = reply;
    const char *text = pf_reply_info(reply)->text;
    if (text != NULL) {
        trim(&exchange->answer, exchange->answer.max_bytes);
        pf_buf_append_cstr(&exchange->answer, text);
    }
}

void pf_exchange_close_answer(struct pf_exchange *exchange)
{
    const struct pf_buf *answer = &exchange->answer;
    if (answer->failed != PF_OK) {
        const bool crowded =
            answer->failed == PF_E_TOO_BIG && answer->max_bytes < exchange->pool->answer_max_bytes;
        exchange->reply = PF_REPLY_NONE;
        exchange->content_type = NULL;
        pf_exchange_decide(exchange, crowded ? PF_REPLY_OVERLOADED : PF_REPLY_INTERNAL);
    }
    charge(exchange, charge_of(&exchange->body) + charge_of(answer));
}
