#include <podfit/example.h>

/* The assembler includes the files as they are; CMake names the folder and rebuilds this file when they change. */
#define EMBED(symbol, path)                                     \
    __asm__(".pushsection .rodata." symbol ",\"a\",@progbits\n" \
            ".hidden " symbol "_begin\n"                        \
            ".hidden " symbol "_end\n"                          \
            ".globl " symbol "_begin\n"                         \
            ".globl " symbol "_end\n" symbol "_begin:\n"        \
            ".incbin \"" path "\"\n" symbol "_end:\n"           \
            ".byte 0\n"                                         \
            ".popsection\n")

EMBED("pf_example_cluster_text", PF_EXAMPLE_DIR "/cluster.yaml");
EMBED("pf_example_config_text", PF_EXAMPLE_DIR "/config.yaml");

extern const char pf_example_cluster_text_begin[];
extern const char pf_example_cluster_text_end[];
extern const char pf_example_config_text_begin[];
extern const char pf_example_config_text_end[];

struct pf_sv pf_example_cluster(void)
{
    return (struct pf_sv){
        .ptr = pf_example_cluster_text_begin,
        .len = (size_t)(pf_example_cluster_text_end - pf_example_cluster_text_begin)};
}

struct pf_sv pf_example_config(void)
{
    return (struct pf_sv){.ptr = pf_example_config_text_begin,
                          .len =
                              (size_t)(pf_example_config_text_end - pf_example_config_text_begin)};
}
