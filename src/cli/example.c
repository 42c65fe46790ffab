#include <podfit/embed.h>
#include <podfit/example.h>

PF_EMBED("pf_example_cluster_text", PF_EXAMPLE_DIR "/cluster.yaml");
PF_EMBED("pf_example_config_text", PF_EXAMPLE_DIR "/config.yaml");

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
