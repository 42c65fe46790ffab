#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "transfer.h"
#include <podfit/mem.h>

struct pf_sv pf_endpoint_split(struct pf_sv authority, struct pf_sv *ret_port)
{
    size_t end = authority.len;
    for (size_t i = authority.len; i > 0 && authority.ptr[i - 1] != ']'; i--) {
        if (authority.ptr[i - 1] == ':') {
            end = i - 1;
            break;
        }
    }
    *ret_port = (struct pf_sv){.ptr = authority.ptr + end, .len = authority.len - end};
    return (struct pf_sv){.ptr = authority.ptr, .len = end};
}

static struct pf_sv without_brackets(struct pf_sv host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        return (struct pf_sv){.ptr = host.ptr + 1, .len = host.len - 2};
    }
    return host;
}

bool pf_endpoint_is_loopback(struct pf_sv host)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in_addr v4;
    struct in6_addr v6;
    const struct pf_sv name = without_brackets(host);
    if (name.len == 0 || name.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, name.ptr, name.len);
    if (inet_pton(AF_INET, text, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcmp(text, "localhost") == 0;
}

static char *text_of(const struct pf_sv *parts, size_t count)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, (size_t)16 * 1024);
    for (size_t i = 0; i < count; i++) {
        pf_buf_append_sv(&buf, parts[i]);
    }
    return buf.failed == PF_OK ? pf_buf_take(&buf) : NULL;
}

/* curl takes the name to verify from the URL, so tls-server-name stands there, and CONNECT_TO and Host have the real place. */
static bool rename_server(struct pf_kube_client *client, struct pf_sv host, struct pf_sv port,
                          struct pf_sv path)
{
    const struct pf_sv default_port = PF_SV(":443");
    const struct pf_sv name = pf_sv_from(client->options.config->tls_server_name);
    const struct pf_sv header[] = {PF_SV("Host: "), host, port};
    const struct pf_sv place[] = {PF_SV("::"), host, port.len != 0 ? port : default_port};
    const struct pf_sv url[] = {PF_SV("https://"), name, port, path};
    client->host_header = text_of(header, PF_ARRAY_LEN(header));
    client->connect_to = text_of(place, PF_ARRAY_LEN(place));
    client->base_url = text_of(url, PF_ARRAY_LEN(url));
    return client->host_header != NULL && client->connect_to != NULL && client->base_url != NULL;
}

enum pf_code pf_endpoint_resolve(struct pf_kube_client *client, struct pf_err *err)
{
    const struct pf_kube_config *config = client->options.config;
    const struct pf_sv server = pf_sv_from(config->server);
    const struct pf_sv mark = PF_SV("://");
    const size_t scheme = server.len != 0 ? pf_sv_find(server, mark) : SIZE_MAX;
    if (scheme == SIZE_MAX) {
        return pf_err_set(err, PF_E_INVALID, "server '%.*s' is no URL", PF_SV_ARG(server));
    }
    const struct pf_sv rest = {.ptr = server.ptr + scheme + mark.len,
                               .len = server.len - scheme - mark.len};
    const size_t slash = pf_sv_find(rest, PF_SV("/"));
    const struct pf_sv authority = {.ptr = rest.ptr, .len = slash != SIZE_MAX ? slash : rest.len};
    const struct pf_sv path = {.ptr = rest.ptr + authority.len, .len = rest.len - authority.len};
    struct pf_sv port = {0};
    const struct pf_sv host = pf_endpoint_split(authority, &port);
    client->loopback = pf_endpoint_is_loopback(host);
    client->encrypted = pf_sv_starts_with(server, PF_SV("https://"));
    if (!client->encrypted && !client->loopback) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "server '%s' is not encrypted: only https is allowed, and http to this "
                          "machine",
                          config->server);
    }
    bool good = true;
    if (client->encrypted && config->tls_server_name != NULL) {
        good = rename_server(client, host, port, path);
    } else {
        client->base_url = pf_mem_dup(server.ptr, server.len);
        good = client->base_url != NULL;
    }
    return good ? PF_OK : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the API client");
}
