#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/intern.h>
#include <podfit/map.h>
#include <podfit/mem.h>

/* Every container survives the failure of each of its allocations: what was there stays, what failed is not there, and the next try works. */
static void test_intern_survives(void **state)
{
    (void)state;
    for (long n = 0; n < 200; n++) {
        struct pf_intern table;
        fail_alloc_after(-1);
        assert_true(pf_intern_init(&table, 7));
        fail_alloc_after(n);
        uint32_t ids[64];
        for (int i = 0; i < 64; i++) {
            char text[16];
            (void)snprintf(text, sizeof(text), "text-%d", i);
            ids[i] = pf_intern_ref(&table, pf_sv_from(text));
            if (ids[i] == PF_INTERN_NONE) {
                assert_int_equal(pf_intern_find(&table, pf_sv_from(text)), PF_INTERN_NONE);
                ids[i] = pf_intern_ref(&table, pf_sv_from(text));
            }
            assert_int_not_equal(ids[i], PF_INTERN_NONE);
            assert_true(pf_sv_eq_cstr(pf_intern_text(&table, ids[i]), text));
        }
        for (int i = 0; i < 64; i++) {
            pf_intern_unref(&table, ids[i]);
        }
        assert_int_equal(table.map.count, 1); /* the empty string */
        fail_alloc_after(-1);
        pf_intern_done(&table);
    }
}

static void test_map_survives(void **state)
{
    (void)state;
    static char keys[64][8];
    for (long n = 0; n < 10; n++) {
        struct pf_map map;
        pf_map_init(&map, 7);
        fail_alloc_after(n);
        for (int i = 0; i < 64; i++) {
            (void)snprintf(keys[i], sizeof(keys[i]), "%d", i);
            const struct pf_sv key = pf_sv_from(keys[i]);
            if (!pf_map_put(&map, key, (uint64_t)i)) {
                assert_false(pf_map_get(&map, key, NULL));
                assert_true(pf_map_put(&map, key, (uint64_t)i));
            }
        }
        for (int i = 0; i < 64; i++) {
            uint64_t value = 99;
            assert_true(pf_map_get(&map, pf_sv_from(keys[i]), &value));
            assert_int_equal(value, i);
        }
        fail_alloc_after(-1);
        pf_map_done(&map);
    }
}

static void test_buf_and_arena_fail(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 1000);
    fail_alloc_after(0);
    pf_buf_append_cstr(&buf, "x");
    assert_int_equal(pf_buf_status(&buf, NULL), PF_E_NO_MEMORY);
    pf_buf_append_cstr(&buf, "y"); /* stays failed: no half text */
    assert_int_equal(buf.len, 0);
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1000);
    fail_alloc_after(0);
    assert_null(pf_arena_alloc(&arena, 10));
    assert_non_null(pf_arena_alloc(&arena, 10));
    fail_alloc_after(-1);
}

/* podfit/buf.h: NUL-terminated whenever not NULL */
static void test_reserved_room_ends_with_nul(void **state)
{
    (void)state;
    static const char *const before[] = {"", "abc"}; /* room in fresh memory, room beside a text */
    for (size_t i = 0; i < PF_ARRAY_LEN(before); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 5000);
        pf_buf_append_cstr(&buf, before[i]);
        assert_non_null(pf_buf_reserve(&buf, 4000));
        assert_string_equal(buf.data, before[i]);
    }
}

static void test_grow_keeps_array(void **state)
{
    (void)state;
    int *array = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < 100; i++) {
        fail_alloc_after(i % 2 == 0 ? 0 : -1);
        while (!pf_mem_grow(&array, &cap, i, sizeof(*array))) {
            fail_alloc_after(-1);
        }
        array[i] = (int)i;
    }
    fail_alloc_after(-1);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(array[i], i);
    }
    free(array);
    assert_null(pf_mem_resize(NULL, SIZE_MAX / 2, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intern_survives),
        cmocka_unit_test(test_map_survives),
        cmocka_unit_test(test_buf_and_arena_fail),
        cmocka_unit_test(test_reserved_room_ends_with_nul),
        cmocka_unit_test(test_grow_keeps_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
