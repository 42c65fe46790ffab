#ifndef PODFIT_CMD_H
#define PODFIT_CMD_H

/** The commands, one file each: option tables or subcommands, and run functions; see struct pf_command. */

#include <podfit/cliopt.h>
#include <podfit/command.h>

extern const struct pf_cliopt_command pf_cmd_serve_options;
int pf_cmd_serve_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_check_options;
int pf_cmd_check_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_nodes_options;
int pf_cmd_nodes_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_snapshot_options;
int pf_cmd_snapshot_run(int argc, char **argv);
int pf_cmd_plan_run(int argc, char **argv);
extern const struct pf_command_group pf_cmd_certs_group;
extern const struct pf_command_group pf_cmd_config_group;
extern const struct pf_cliopt_command pf_cmd_migrate_options;
int pf_cmd_migrate_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_audit_options;
int pf_cmd_audit_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_completion_options;
int pf_cmd_completion_run(int argc, char **argv);
/** `podfit __complete WORD...`: what completion scripts ask. argv[0] is skipped. */
int pf_cmd_completion_answer(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_man_options;
int pf_cmd_man_run(int argc, char **argv);
extern const struct pf_cliopt_command pf_cmd_version_options;
int pf_cmd_version_run(int argc, char **argv);

#endif
