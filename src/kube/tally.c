#include <string.h>

#include <podfit/tally.h>

static const char *const methods[PF_TALLY_METHODS] = {"GET",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "other"};

/* Those that tell an operator what to do have a name of their own; the first row that fits counts. */
static const struct {
    int first;
    int last;
    const char *name;
} statuses[PF_TALLY_STATUSES] = {
    {0, 0, "none"},    {200, 299, "2xx"}, {401, 401, "401"}, {403, 403, "403"},
    {404, 404, "404"}, {409, 409, "409"}, {410, 410, "410"}, {422, 422, "422"},
    {429, 429, "429"}, {400, 499, "4xx"}, {500, 599, "5xx"}, {0, 999, "other"},
};

static size_t method_of(const char *method)
{
    size_t i = 0;
    while (i < PF_TALLY_METHODS - 1 && strcmp(methods[i], method) != 0) {
        i++;
    }
    return i;
}

static size_t status_of(int status)
{
    size_t i = 0;
    while (i < PF_TALLY_STATUSES - 1 && (status < statuses[i].first || status > statuses[i].last)) {
        i++;
    }
    return i;
}

void pf_tally_add(struct pf_tally *tally, const char *method, int status)
{
    tally->ended[method_of(method)][status_of(status)]++;
}

const char *pf_tally_method(size_t index)
{
    return index < PF_TALLY_METHODS ? methods[index] : "other";
}

const char *pf_tally_status(size_t index)
{
    return index < PF_TALLY_STATUSES ? statuses[index].name : "other";
}
