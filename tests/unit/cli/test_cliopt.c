/* Options: every form, every type, every error. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/cliopt.h>

#define ARGS_MAX 8

struct values {
    bool flag;
    const char *text;
    struct pf_cliopt_strings list;
    int choice;
    int64_t number;
    int64_t duration_ms;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct pf_cliopt rows[] = {
    {.name = "flag",
     .type = PF_CLIOPT_FLAG,
     .offset = offsetof(struct values, flag),
     .help = "a flag"},
    {.name = "text",
     .letter = 't',
     .type = PF_CLIOPT_STRING,
     .offset = offsetof(struct values, text),
     .value = "TEXT",
     .help = "a text whose description is so long that it has to be wrapped at the end of the line "
             "of a terminal that has a hundred columns"},
    {.name = "list",
     .letter = 'l',
     .type = PF_CLIOPT_STRINGS,
     .offset = offsetof(struct values, list),
     .value = "ITEM",
     .help = "items"},
    {.name = "choice",
     .type = PF_CLIOPT_ENUM,
     .offset = offsetof(struct values, choice),
     .value = "COLOUR",
     .fallback = "green",
     .choices = colours,
     .help = "a colour"},
    {.name = "number",
     .type = PF_CLIOPT_INT,
     .offset = offsetof(struct values, number),
     .value = "N",
     .fallback = "7",
     .min = -5,
     .max = 10,
     .help = "a number"},
    {.name = "duration",
     .type = PF_CLIOPT_DURATION,
     .offset = offsetof(struct values, duration_ms),
     .value = "DURATION",
     .min = 1000,
     .max = INT64_C(86400000) * 10,
     .help = "a duration"},
};

static const struct pf_cliopt_command command = {
    .name = "podfit try",
    .usage = "[OPTIONS] FILE...",
    .about = "Try.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .args_min = 0,
    .args_max = 2,
    .args_name = "FILE",
    .notes = "A note.",
    .examples = "  podfit try",
};

static int count_of(char *const *argv)
{
    int count = 0;
    while (argv[count] != NULL) {
        count++;
    }
    return count;
}

static enum pf_code parse(char *const *argv, struct pf_arena *arena, struct values *values,
                          struct pf_cliopt_strings *args, bool *help, struct pf_err *err)
{
    const struct pf_cliopt_start start = {
        .argc = count_of(argv), .argv = argv, .arena = arena, .values = values, .ret_args = args};
    return pf_cliopt_parse(&command, &start, help, err);
}

static void test_values(void **state)
{
    static const struct {
        const char *name;
        const char *argv[ARGS_MAX];
        struct values want;
        size_t list;
        size_t args;
    } cases[] = {
        {"nothing", {"try"}, {.choice = 1, .number = 7}, 0, 0},
        {"flag", {"try", "--flag"}, {.flag = true, .choice = 1, .number = 7}, 0, 0},
        {"flag on", {"try", "--flag=true"}, {.flag = true, .choice = 1, .number = 7}, 0, 0},
        {"flag off", {"try", "--flag=false"}, {.choice = 1, .number = 7}, 0, 0},
        {"long, next word", {"try", "--text", "a"}, {.text = "a", .choice = 1, .number = 7}, 0, 0},
        {"long, equals", {"try", "--text=a=b"}, {.text = "a=b", .choice = 1, .number = 7}, 0, 0},
        {"short, next word", {"try", "-t", "-x"}, {.text = "-x", .choice = 1, .number = 7}, 0, 0},
        {"short, attached", {"try", "-tabc"}, {.text = "abc", .choice = 1, .number = 7}, 0, 0},
        {"enum", {"try", "--choice", "blue"}, {.choice = 2, .number = 7}, 0, 0},
        {"first of the enum", {"try", "--choice=red"}, {.choice = 0, .number = 7}, 0, 0},
        {"lowest number", {"try", "--number", "-5"}, {.choice = 1, .number = -5}, 0, 0},
        {"highest number", {"try", "--number=10"}, {.choice = 1, .number = 10}, 0, 0},
        {"duration",
         {"try", "--duration=1m30s"},
         {.choice = 1, .number = 7, .duration_ms = 90000},
         0,
         0},
        {"days",
         {"try", "--duration", "10d"},
         {.choice = 1, .number = 7, .duration_ms = 864000000},
         0,
         0},
        {"list", {"try", "-l", "a", "--list=b", "-lc"}, {.choice = 1, .number = 7}, 3, 0},
        {"arguments between",
         {"try", "a", "--flag", "b"},
         {.flag = true, .choice = 1, .number = 7},
         0,
         2},
        {"end of options", {"try", "--", "--flag", "-"}, {.choice = 1, .number = 7}, 0, 2},
        {"standard input", {"try", "-"}, {.choice = 1, .number = 7}, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, 4096);
        struct values values = {.number = -1, .choice = -1};
        struct pf_cliopt_strings args = {0};
        struct pf_err err = {0};
        bool help = true;
        if (parse((char *const *)cases[i].argv, &arena, &values, &args, &help, &err) != PF_OK) {
            fail_msg("%s: %s", cases[i].name, err.text);
        }
        const struct values *want = &cases[i].want;
        const bool same = values.flag == want->flag && values.choice == want->choice &&
                          values.number == want->number &&
                          values.duration_ms == want->duration_ms &&
                          pf_sv_eq_cstr(pf_sv_from(values.text), want->text);
        if (!same || help || values.list.count != cases[i].list || args.count != cases[i].args) {
            fail_msg("%s: other values", cases[i].name);
        }
    }
}

static void test_order(void **state)
{
    (void)state;
    const char *const argv[] = {"try", "-l", "a", "x", "-l", "b", "-lc", "-ld", "-le", "y", NULL};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 4096);
    struct values values = {.number = 0};
    struct pf_cliopt_strings args = {0};
    bool help = false;
    assert_int_equal(parse((char *const *)argv, &arena, &values, &args, &help, NULL), PF_OK);
    assert_int_equal(values.list.count, 5);
    for (size_t i = 0; i < values.list.count; i++) {
        assert_int_equal(values.list.items[i][0], 'a' + (int)i);
    }
    assert_string_equal(args.items[0], "x");
    assert_string_equal(args.items[1], "y");
}

static void test_errors(void **state)
{
    static const struct {
        const char *argv[ARGS_MAX];
        enum pf_code code;
        const char *text;
    } cases[] = {
        {{"try", "--txt", "a"}, PF_E_INVALID, "unknown option '--txt', did you mean '--text'?"},
        {{"try", "--hepl"}, PF_E_INVALID, "unknown option '--hepl', did you mean '--help'?"},
        {{"try", "--frobnicate=3"}, PF_E_INVALID, "unknown option '--frobnicate'"},
        {{"try", "-z"}, PF_E_INVALID, "unknown option '-z'"},
        {{"try", "--text"}, PF_E_INVALID, "option '--text' needs a value: TEXT"},
        {{"try", "--text="}, PF_E_INVALID, "option '--text': the value is empty, a TEXT is needed"},
        {{"try", "-t", "a", "--text=b"}, PF_E_INVALID, "option '--text' is given twice"},
        {{"try", "--flag=1"}, PF_E_INVALID, "option '--flag': '1' is not true or false"},
        {{"try", "--choice=grene"},
         PF_E_INVALID,
         "option '--choice': 'grene' is not one of red, green, blue; did you mean 'green'?"},
        {{"try", "--choice=7"},
         PF_E_INVALID,
         "option '--choice': '7' is not one of red, green, blue"},
        {{"try", "--number=x"}, PF_E_INVALID, "option '--number': 'x' is not a number"},
        {{"try", "--number=1.5"}, PF_E_INVALID, "option '--number': '1.5' is not a number"},
        {{"try", "--number=11"}, PF_E_RANGE, "option '--number': '11' is not within -5 to 10"},
        {{"try", "--number=-6"}, PF_E_RANGE, "option '--number': '-6' is not within -5 to 10"},
        {{"try", "--number=9223372036854775808"},
         PF_E_INVALID,
         "option '--number': '9223372036854775808' is not a number"},
        {{"try", "--duration=soon"},
         PF_E_INVALID,
         "option '--duration': 'soon' is not a duration such as '90d', '1h30m' or '250ms'"},
        {{"try", "--duration=999ms"},
         PF_E_RANGE,
         "option '--duration': '999ms' is not within 1s to 240h"},
        {{"try", "--duration=106751991168d"},
         PF_E_INVALID,
         "option '--duration': '106751991168d' is not a duration such as '90d', '1h30m' or '250ms'"},
        {{"try", "a", "b", "c"}, PF_E_INVALID, "superfluous argument 'c'"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, 4096);
        struct values values = {.number = 0};
        struct pf_cliopt_strings args = {.count = 99};
        struct pf_err err = {0};
        bool help = true;
        const enum pf_code code =
            parse((char *const *)cases[i].argv, &arena, &values, &args, &help, &err);
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(args.count, 99);
    }
}

static void test_missing_argument(void **state)
{
    (void)state;
    struct pf_cliopt_command strict = command;
    strict.args_min = 1;
    const char *const argv[] = {"try", "--flag", NULL};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 4096);
    struct values values = {.number = 0};
    struct pf_err err = {0};
    bool help = false;
    const struct pf_cliopt_start start = {
        .argc = 2, .argv = (char *const *)argv, .arena = &arena, .values = &values};
    assert_int_equal(pf_cliopt_parse(&strict, &start, &help, &err), PF_E_INVALID);
    assert_string_equal(err.text, "FILE is missing");
}

static void test_no_memory(void **state)
{
    (void)state;
    const char *const argv[] = {"try", "-l", "a", NULL};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1);
    struct values values = {.number = 0};
    struct pf_cliopt_strings args = {.count = 99};
    bool help = true;
    assert_int_equal(parse((char *const *)argv, &arena, &values, &args, &help, NULL),
                     PF_E_NO_MEMORY);
    assert_int_equal(args.count, 99);
}

static void test_help_comes_first(void **state)
{
    static const char *const lines[][ARGS_MAX] = {{"try", "--help"},
                                                  {"try", "-h"},
                                                  {"try", "--nonsense", "-h"},
                                                  {"try", "a", "b", "c", "--help"}};
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(lines); i++) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, 4096);
        struct values values = {.number = 0};
        bool help = false;
        assert_int_equal(parse((char *const *)lines[i], &arena, &values, NULL, &help, NULL), PF_OK);
        assert_true(help);
    }
    const char *const after[] = {"try", "--", "--help", NULL};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 4096);
    struct values values = {.number = 0};
    bool help = true;
    assert_int_equal(parse((char *const *)after, &arena, &values, NULL, &help, NULL), PF_OK);
    assert_false(help);
}

static void test_help_text(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 65536);
    pf_cliopt_help(&command, &buf);
    assert_string_equal(
        buf.data,
        "Usage: podfit try [OPTIONS] FILE...\n\nTry.\n\nOptions:\n"
        "      --flag                  a flag\n"
        "  -t, --text TEXT             a text whose description is so long that it has to be wrapped at the\n"
        "                              end of the line of a terminal that has a hundred columns\n"
        "  -l, --list ITEM             items (repeatable)\n"
        "      --choice COLOUR         a colour: red, green, blue (default: green)\n"
        "      --number N              a number (default: 7)\n"
        "      --duration DURATION     a duration\n"
        "  -h, --help                  print this\n"
        "\nA note.\n\nExamples:\n  podfit try\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_missing_argument),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_help_comes_first),
        cmocka_unit_test(test_help_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
