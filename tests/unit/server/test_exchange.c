#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/exchange.h>

#define BODY   ((size_t)1024 * 1024)
#define ANSWER ((size_t)1024)

static bool fail_next;

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fail_next ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fail_next ? NULL : __real_realloc(old, bytes);
}

static char bytes[2 * 1024 * 1024];

static void limits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t first;
        size_t second;
        uint64_t expected;
        enum pf_reply reply;
    } rows[] = {
        {"empty", 0, 0, 0, PF_REPLY_NONE},
        {"small", 10, 10, 20, PF_REPLY_NONE},
        {"length not known", 10, 10, 0, PF_REPLY_NONE},
        {"at the limit", BODY - 1, 1, BODY, PF_REPLY_NONE},
        {"one over", BODY, 1, 0, PF_REPLY_TOO_LARGE},
        {"over at once", BODY + 1, 0, 0, PF_REPLY_TOO_LARGE},
        {"more than announced", 100, 100, 100, PF_REPLY_NONE},
        {"announced too much", 10, 0, UINT64_MAX, PF_REPLY_NONE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_exchange_pool pool;
        pf_exchange_pool_init(&pool, BODY, ANSWER, 100 * BODY);
        struct pf_exchange *exchange = pf_exchange_get(&pool);
        assert_non_null(exchange);
        pf_exchange_collect(exchange, bytes, rows[i].first, rows[i].expected);
        pf_exchange_collect(exchange, bytes, rows[i].second, rows[i].expected);
        if (exchange->reply != rows[i].reply) {
            fail_msg("%s: reply %d", rows[i].name, (int)exchange->reply);
        }
        assert_int_equal(exchange->body_total_bytes, rows[i].first + rows[i].second);
        if (rows[i].reply == PF_REPLY_NONE) {
            assert_int_equal(exchange->body.len, rows[i].first + rows[i].second);
        } else {
            assert_int_equal(exchange->body.len, 0); /* what is refused is not kept */
            assert_int_equal(pool.charged_bytes, 0);
        }
        pf_exchange_unref(exchange);
        assert_int_equal(pool.charged_bytes, 0);
        pf_exchange_pool_done(&pool);
    }
}

static void budget(void **state)
{
    (void)state;
    struct pf_exchange_pool pool;
    pf_exchange_pool_init(&pool, BODY, ANSWER, BODY);
    struct pf_exchange *a = pf_exchange_get(&pool);
    struct pf_exchange *b = pf_exchange_get(&pool);
    struct pf_exchange *c = pf_exchange_get(&pool);
    pf_exchange_collect(a, bytes, BODY / 2 + 10, BODY);
    assert_int_equal(a->reply, PF_REPLY_NONE);
    assert_int_equal(pool.charged_bytes, BODY);
    pf_exchange_collect(b, bytes, BODY / 2 + 10, BODY);
    assert_int_equal(b->reply, PF_REPLY_OVERLOADED);
    pf_exchange_collect(c, bytes, PF_EXCHANGE_SMALL_BYTES, PF_EXCHANGE_SMALL_BYTES);
    assert_int_equal(c->reply, PF_REPLY_NONE); /* small ones are not shed */
    pf_exchange_unref(a);
    assert_int_equal(pool.charged_bytes, 0);
    pf_exchange_unref(b);
    b = pf_exchange_get(&pool);
    pf_exchange_collect(b, bytes, BODY / 2 + 10, BODY);
    assert_int_equal(b->reply, PF_REPLY_NONE);
    pf_exchange_unref(b);
    pf_exchange_unref(c);
    pf_exchange_pool_done(&pool);
}

static void write_answer(struct pf_exchange *exchange, size_t len)
{
    pf_exchange_open_answer(exchange);
    pf_buf_append(&exchange->answer, bytes, len);
    pf_exchange_decide(exchange, PF_REPLY_OK);
    pf_exchange_close_answer(exchange);
}

/* Answers that are not read hold memory as bodies do. */
static void answers_share_the_budget(void **state)
{
    (void)state;
    struct pf_exchange_pool pool;
    pf_exchange_pool_init(&pool, BODY, BODY, BODY);
    struct pf_exchange *a = pf_exchange_get(&pool);
    struct pf_exchange *b = pf_exchange_get(&pool);
    struct pf_exchange *c = pf_exchange_get(&pool);
    write_answer(a, BODY / 2); /* half of the budget: its memory is all of it */
    assert_int_equal(a->reply, PF_REPLY_OK);
    assert_in_range(pool.charged_bytes, BODY / 2, BODY);
    write_answer(b, BODY / 2);
    assert_int_equal(b->reply, PF_REPLY_OVERLOADED);
    assert_string_equal(b->answer.data, pf_reply_info(PF_REPLY_OVERLOADED)->text);
    assert_int_equal(b->charged_bytes, 0);
    write_answer(c, PF_EXCHANGE_ANSWER_BYTES);
    assert_int_equal(c->reply, PF_REPLY_OK); /* small ones are not shed */
    assert_int_equal(c->charged_bytes, 0);
    pf_exchange_unref(a);
    assert_int_equal(pool.charged_bytes, 0);
    pf_exchange_unref(b);
    b = pf_exchange_get(&pool);
    assert_int_equal(b->answer.max_bytes, BODY); /* nothing of the narrow time stays */
    write_answer(b, BODY / 2);
    assert_int_equal(b->reply, PF_REPLY_OK);
    pf_exchange_unref(b);
    pf_exchange_unref(c);
    assert_int_equal(pool.charged_bytes, 0);
    pf_exchange_pool_done(&pool);
}

static void answers_that_cannot_be_sent(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t longest;
        size_t budget;
        size_t len;
        bool no_memory;
        enum pf_reply reply;
    } rows[] = {
        {"fits", ANSWER, BODY, ANSWER, false, PF_REPLY_OK},
        {"longer than any answer may be", ANSWER, BODY, ANSWER + 1, false, PF_REPLY_INTERNAL},
        {"longer than there is room", BODY, 10, PF_EXCHANGE_ANSWER_BYTES + 1, false,
         PF_REPLY_OVERLOADED},
        {"no memory", ANSWER, BODY, 100, true, PF_REPLY_INTERNAL},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_exchange_pool pool;
        pf_exchange_pool_init(&pool, BODY, rows[i].longest, rows[i].budget);
        struct pf_exchange *exchange = pf_exchange_get(&pool);
        assert_non_null(exchange);
        exchange->content_type = "x";
        fail_next = rows[i].no_memory;
        pf_exchange_open_answer(exchange);
        pf_buf_append(&exchange->answer, bytes, rows[i].len);
        fail_next = false;
        pf_exchange_decide(exchange, PF_REPLY_OK);
        pf_exchange_close_answer(exchange);
        if (exchange->reply != rows[i].reply) {
            fail_msg("%s: reply %d", rows[i].name, (int)exchange->reply);
        }
        assert_int_equal(exchange->content_type == NULL, rows[i].reply != PF_REPLY_OK);
        assert_int_equal(exchange->answer.failed, PF_OK);
        pf_exchange_unref(exchange);
        pf_exchange_pool_done(&pool);
    }
}

static void first_decision_stands(void **state)
{
    (void)state;
    struct pf_exchange_pool pool;
    pf_exchange_pool_init(&pool, BODY, ANSWER, BODY);
    struct pf_exchange *exchange = pf_exchange_get(&pool);
    pf_exchange_decide(exchange, PF_REPLY_NOT_FOUND);
    pf_exchange_decide(exchange, PF_REPLY_OK);
    assert_int_equal(exchange->reply, PF_REPLY_NOT_FOUND);
    assert_string_equal(exchange->answer.data, pf_reply_info(PF_REPLY_NOT_FOUND)->text);
    pf_exchange_unref(exchange);
    pf_exchange_pool_done(&pool);
}

static void reuse(void **state)
{
    (void)state;
    struct pf_exchange_pool pool;
    pf_exchange_pool_init(&pool, BODY, ANSWER, BODY);
    struct pf_exchange *exchange = pf_exchange_get(&pool);
    pf_exchange_collect(exchange, bytes, 5000, 5000);
    pf_exchange_decide(exchange, PF_REPLY_BAD_TYPE);
    exchange->content_type = "x";
    exchange->queued = true;
    const char *memory = exchange->body.data;
    pf_exchange_ref(exchange); /* the response's */
    pf_exchange_unref(exchange);
    assert_int_equal(pool.free_count, 0);
    pf_exchange_unref(exchange);
    assert_int_equal(pool.free_count, 1);
    struct pf_exchange *again = pf_exchange_get(&pool);
    assert_ptr_equal(again, exchange);
    assert_ptr_equal(again->body.data, memory); /* nothing is allocated for the next review */
    assert_int_equal(again->body.len, 0);
    assert_int_equal(again->answer.len, 0);
    assert_int_equal(again->reply, PF_REPLY_NONE);
    assert_null(again->content_type);
    assert_false(again->queued);
    pf_exchange_unref(again);
    struct pf_exchange *many[PF_EXCHANGE_POOL_MAX + 5];
    for (size_t i = 0; i < PF_ARRAY_LEN(many); i++) {
        many[i] = pf_exchange_get(&pool);
        assert_non_null(many[i]);
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(many); i++) {
        pf_exchange_unref(many[i]);
    }
    assert_int_equal(pool.free_count, PF_EXCHANGE_POOL_MAX);
    pf_exchange_pool_done(&pool);
}

static void no_memory(void **state)
{
    (void)state;
    struct pf_exchange_pool pool;
    pf_exchange_pool_init(&pool, BODY, ANSWER, BODY);
    fail_next = true;
    assert_null(pf_exchange_get(&pool));
    fail_next = false;
    struct pf_exchange *exchange = pf_exchange_get(&pool);
    fail_next = true;
    pf_exchange_collect(exchange, bytes, 100, 100);
    fail_next = false;
    assert_int_equal(exchange->reply, PF_REPLY_OVERLOADED);
    pf_exchange_unref(exchange);
    pf_exchange_pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(budget),
        cmocka_unit_test(answers_share_the_budget),
        cmocka_unit_test(answers_that_cannot_be_sent),
        cmocka_unit_test(first_decision_stands),
        cmocka_unit_test(reuse),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
