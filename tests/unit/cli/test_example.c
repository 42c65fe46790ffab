/* The embedded files are the files of the examples folder, byte for byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/example.h>
#include <podfit/file.h>

static void test_embedded(void **state)
{
    const struct {
        const char *path;
        struct pf_sv text;
    } cases[] = {
        {PF_SOURCE_DIR "/examples/cluster.yaml", pf_example_cluster()},
        {PF_SOURCE_DIR "/examples/config.yaml", pf_example_config()},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autobuf struct pf_buf file = {0};
        pf_buf_init(&file, (size_t)16 * 1024 * 1024);
        assert_int_equal(pf_file_read(cases[i].path, &file, NULL), PF_OK);
        assert_true(file.len > 100);
        assert_true(pf_sv_eq(pf_buf_view(&file), cases[i].text));
        assert_int_equal(cases[i].text.ptr[cases[i].text.len], '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_embedded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
