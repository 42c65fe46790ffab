#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "secret.h"
#include <podfit/exec_plugin.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

/* The end of standard error that goes into a message. */
#define COMPLAINT_BYTES ((size_t)400)
#define INFO_MAX_BYTES  ((size_t)2 * 1024 * 1024) /* the CA in base64, the cluster's config */
#define INFO_NAME       "KUBERNETES_EXEC_INFO"

struct pf_exec_plugin {
    const struct pf_kube_config *config;
    const struct pf_clock *clock;
    int64_t deadline_mono_ns;
    int64_t timeout_ms;
    pid_t pid; /* -1: it has ended */
    bool interactive;
    int output_fd;    /* -1: closed */
    int complaint_fd; /* -1: closed, or ours */
    struct pf_buf output;
    char complaint[COMPLAINT_BYTES]; /* the last bytes */
    size_t complaint_len;
};

/* What a child needs; lives until it is spawned. */
struct launch {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **arguments;
    char **environment;
    char *info; /* KUBERNETES_EXEC_INFO=... */
    int output[2];
    int complaint[2];
};

static void launch_done(struct launch *launch)
{
    (void)posix_spawn_file_actions_destroy(&launch->actions);
    (void)posix_spawnattr_destroy(&launch->attributes);
    free(launch->arguments);
    free(launch->environment);
    pf_secret_free(launch->info); /* a proxy's password */
    for (unsigned i = 0; i < 2; i++) {
        pf_file_close_cleanup(&launch->output[i]);
        pf_file_close_cleanup(&launch->complaint[i]);
    }
}

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list != NULL && list[count] != NULL) {
        count++;
    }
    return count;
}

static char **make_arguments(const struct pf_kube_exec *exec)
{
    const size_t count = count_of(exec->args);
    char **arguments = pf_mem_calloc(count + 2, sizeof(*arguments));
    if (arguments == NULL) {
        return NULL;
    }
    arguments[0] = (char *)(uintptr_t)exec->command; /* posix_spawn does not write there */
    for (size_t i = 0; i < count; i++) {
        arguments[i + 1] = (char *)(uintptr_t)exec->args[i];
    }
    return arguments;
}

/* Are both `NAME=...` of one name? */
static bool same_name(const char *a, const char *b)
{
    const size_t len = strcspn(a, "=");
    return strncmp(a, b, len) == 0 && b[len] == '=';
}

static bool is_replaced(const char *variable, const struct pf_kube_exec *exec)
{
    for (size_t i = 0; exec->environment != NULL && exec->environment[i] != NULL; i++) {
        if (same_name(exec->environment[i], variable)) {
            return true;
        }
    }
    return same_name(INFO_NAME "=", variable);
}

/* Ours, without what the kubeconfig sets; then that; then the info. */
static char **make_environment(const struct pf_kube_exec *exec, char *info)
{
    const size_t inherited = count_of((const char *const *)environ);
    const size_t added = count_of(exec->environment);
    char **all = pf_mem_calloc(inherited + added + 2, sizeof(*all));
    size_t count = 0;
    if (all == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < inherited; i++) {
        if (!is_replaced(environ[i], exec)) {
            all[count++] = environ[i];
        }
    }
    for (size_t i = 0; i < added; i++) {
        all[count++] = (char *)(uintptr_t)exec->environment[i];
    }
    all[count] = info;
    return all;
}

static bool make_texts(struct launch *launch, const struct pf_exec_plugin *plugin,
                       struct pf_sv ca_pem)
{
    pf_autobuf struct pf_buf info = {0};
    pf_buf_init_secret(&info, INFO_MAX_BYTES);
    pf_buf_append_cstr(&info, INFO_NAME "=");
    pf_exec_credential_info(plugin->config, ca_pem, plugin->interactive, &info);
    launch->info = info.failed == PF_OK ? pf_buf_take(&info) : NULL;
    launch->arguments = make_arguments(&plugin->config->exec);
    launch->environment =
        launch->info != NULL ? make_environment(&plugin->config->exec, launch->info) : NULL;
    return launch->arguments != NULL && launch->environment != NULL;
}

/* The child starts with the signals as a shell would give them: ours may be blocked or ignored. */
static int set_signals(posix_spawnattr_t *attributes, bool interactive)
{
    sigset_t none;
    sigset_t all;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0) {
        error = posix_spawnattr_setsigdefault(attributes, &all);
    }
    if (!interactive) {
        flags |=
            POSIX_SPAWN_SETPGROUP; /* its children end with it; a terminal keeps ours in front */
    }
    return error != 0 ? error : posix_spawnattr_setflags(attributes, flags);
}

/* Standard input, output and error of the child. */
static int set_files(struct launch *launch, bool interactive)
{
    posix_spawn_file_actions_t *actions = &launch->actions;
    int error = posix_spawn_file_actions_adddup2(actions, launch->output[1], STDOUT_FILENO);
    if (error == 0 && !interactive) {
        error = posix_spawn_file_actions_adddup2(actions, launch->complaint[1], STDERR_FILENO);
        if (error == 0) {
            error =
                posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        }
    }
    return error;
}

static int open_pipe(int fds[2])
{
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return errno;
    }
    const int flags = fcntl(fds[0], F_GETFL);
    return flags >= 0 && fcntl(fds[0], F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : errno;
}

static enum pf_code not_started(const struct pf_kube_exec *exec, int error, struct pf_err *err)
{
    if (error == ENOENT) {
        return pf_err_set(err, PF_E_NOT_FOUND, "the credential plug-in '%s' is not there%s%s",
                          exec->command, exec->install_hint != NULL ? ": " : "",
                          exec->install_hint != NULL ? exec->install_hint : "");
    }
    return pf_err_set_errno(err, error == ENOMEM ? PF_E_NO_MEMORY : PF_E_IO, error,
                            "cannot run the credential plug-in '%s'", exec->command);
}

static enum pf_code spawn(struct pf_exec_plugin *plugin, struct pf_sv ca_pem, struct pf_err *err)
{
    const struct pf_kube_exec *exec = &plugin->config->exec;
    struct launch launch = {.output = {-1, -1}, .complaint = {-1, -1}};
    (void)posix_spawn_file_actions_init(&launch.actions); /* neither fails with glibc */
    (void)posix_spawnattr_init(&launch.attributes);
    int error = make_texts(&launch, plugin, ca_pem) ? 0 : ENOMEM;
    error = error != 0 ? error : open_pipe(launch.output);
    error = error != 0 ? error : open_pipe(launch.complaint);
    error = error != 0 ? error : set_files(&launch, plugin->interactive);
    error = error != 0 ? error : set_signals(&launch.attributes, plugin->interactive);
    if (error == 0) {
        error = posix_spawnp(&plugin->pid, exec->command, &launch.actions, &launch.attributes,
                             launch.arguments, launch.environment);
    }
    if (error == 0) {
        plugin->output_fd = launch.output[0];
        plugin->complaint_fd = launch.complaint[0];
        launch.output[0] = -1;
        launch.complaint[0] = -1;
    }
    launch_done(&launch);
    return error == 0 ? PF_OK : not_started(exec, error, err);
}

enum pf_code pf_exec_plugin_start(const struct pf_kube_config *config, const struct pf_clock *clock,
                                  struct pf_sv ca_pem, int64_t timeout_ms,
                                  struct pf_exec_plugin **ret_plugin, struct pf_err *err)
{
    const bool interactive =
        config->exec.interactive != PF_KUBE_INTERACTIVE_NEVER && isatty(STDIN_FILENO) == 1;
    if (config->exec.interactive == PF_KUBE_INTERACTIVE_ALWAYS && !interactive) {
        return pf_err_set(err, PF_E_STATE,
                          "the credential plug-in '%s' wants a terminal (interactiveMode: Always) "
                          "and there is none",
                          config->exec.command);
    }
    struct pf_exec_plugin *plugin = pf_mem_calloc(1, sizeof(*plugin));
    if (plugin == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a credential plug-in");
    }
    if (timeout_ms == 0) {
        timeout_ms =
            interactive ? PF_EXEC_PLUGIN_INTERACTIVE_TIMEOUT_MS : PF_EXEC_PLUGIN_TIMEOUT_MS;
    }
    plugin->config = config;
    plugin->clock = clock;
    plugin->timeout_ms = timeout_ms;
    plugin->deadline_mono_ns = pf_clock_mono_ns(clock) + timeout_ms * PF_NS_PER_MS;
    plugin->interactive = interactive;
    plugin->pid = -1;
    plugin->output_fd = -1;
    plugin->complaint_fd = -1;
    pf_buf_init_secret(&plugin->output, PF_KUBE_EXEC_OUTPUT_MAX_BYTES);
    const enum pf_code code = spawn(plugin, ca_pem, err);
    if (code != PF_OK) {
        pf_exec_plugin_free(plugin);
        return code;
    }
    *ret_plugin = plugin;
    return PF_OK;
}

/* End it and all that it started. SIGKILL cannot be ignored, so the wait is short. */
static void end_process(struct pf_exec_plugin *plugin)
{
    if (plugin->pid <= 0) {
        return;
    }
    (void)kill(plugin->interactive ? plugin->pid : -plugin->pid, SIGKILL);
    while (waitpid(plugin->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    plugin->pid = -1;
}

void pf_exec_plugin_free(struct pf_exec_plugin *plugin)
{
    if (plugin == NULL) {
        return;
    }
    end_process(plugin);
    pf_file_close_cleanup(&plugin->output_fd);
    pf_file_close_cleanup(&plugin->complaint_fd);
    pf_buf_done(&plugin->output);
    free(plugin);
}

void pf_exec_plugin_fds(const struct pf_exec_plugin *plugin, int ret_fds[2])
{
    ret_fds[0] = plugin->output_fd;
    ret_fds[1] = plugin->complaint_fd;
}

/* Keep the last bytes. */
static void add_complaint(struct pf_exec_plugin *plugin, const char *bytes, size_t len)
{
    const size_t kept = len < COMPLAINT_BYTES ? len : COMPLAINT_BYTES;
    const size_t old = plugin->complaint_len < COMPLAINT_BYTES - kept ? plugin->complaint_len
                                                                      : COMPLAINT_BYTES - kept;
    memmove(plugin->complaint, plugin->complaint + plugin->complaint_len - old, old);
    memcpy(plugin->complaint + old, bytes + len - kept, kept);
    plugin->complaint_len = old + kept;
}

/* Take what is there; the descriptor is closed at its end. */
static void drain(struct pf_exec_plugin *plugin, int *fd, bool complaint)
{
    char block[4096];
    while (*fd >= 0 && plugin->output.failed == PF_OK) {
        const ssize_t got = read(*fd, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            break;
        }
        if (got <= 0) {
            pf_file_close_cleanup(fd);
        } else if (complaint) {
            add_complaint(plugin, block, (size_t)got);
        } else {
            pf_buf_append(&plugin->output, block, (size_t)got);
        }
    }
    explicit_bzero(block, sizeof(block));
}

/* One line of printable text out of what it complained about. */
static struct pf_sv complaint_of(struct pf_exec_plugin *plugin)
{
    for (size_t i = 0; i < plugin->complaint_len; i++) {
        const unsigned char byte = (unsigned char)plugin->complaint[i];
        plugin->complaint[i] = (char)(byte < 0x20 || byte >= 0x7F ? ' ' : byte);
    }
    return pf_sv_trim((struct pf_sv){.ptr = plugin->complaint, .len = plugin->complaint_len});
}

static enum pf_code judge_end(struct pf_exec_plugin *plugin, int status,
                              struct pf_exec_credential *ret_credential, struct pf_err *err)
{
    const char *command = plugin->config->exec.command;
    const struct pf_sv complaint = complaint_of(plugin);
    const char *separator = complaint.len != 0 ? ": " : "";
    if (WIFSIGNALED(status)) {
        return pf_err_set(err, PF_E_IO, "the credential plug-in '%s' was ended by signal %d%s%.*s",
                          command, WTERMSIG(status), separator, PF_SV_ARG(complaint));
    }
    if (WEXITSTATUS(status) != 0) {
        return pf_err_set(err, PF_E_IO, "the credential plug-in '%s' ended with status %d%s%.*s",
                          command, WEXITSTATUS(status), separator, PF_SV_ARG(complaint));
    }
    const enum pf_code code = pf_exec_credential_parse(
        pf_buf_view(&plugin->output), plugin->config->exec.api_version, ret_credential, err);
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "the credential plug-in '%s'", command);
}

enum pf_code pf_exec_plugin_step(struct pf_exec_plugin *plugin,
                                 struct pf_exec_credential *ret_credential, struct pf_err *err)
{
    int status = 0;
    /* first the process, then the pipes: what it wrote before its end is all there then */
    const pid_t ended = plugin->pid > 0 ? waitpid(plugin->pid, &status, WNOHANG) : -1;
    drain(plugin, &plugin->output_fd, /* complaint= */ false);
    drain(plugin, &plugin->complaint_fd, /* complaint= */ true);
    if (ended != 0) {
        plugin->pid = -1; /* also when somebody else has waited for it: its output decides */
    }
    if (plugin->output.failed != PF_OK) {
        end_process(plugin);
        return pf_err_set(err, plugin->output.failed,
                          "the credential plug-in '%s' printed more than %zu bytes",
                          plugin->config->exec.command, plugin->output.max_bytes);
    }
    if (ended != 0) {
        return judge_end(plugin, status, ret_credential, err);
    }
    if (pf_clock_mono_ns(plugin->clock) >= plugin->deadline_mono_ns) {
        end_process(plugin);
        return pf_err_set(err, PF_E_IO,
                          "the credential plug-in '%s' has not ended within %lld s and was killed",
                          plugin->config->exec.command, (long long)(plugin->timeout_ms / 1000));
    }
    return PF_E_STATE;
}
