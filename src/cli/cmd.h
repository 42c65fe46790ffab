#ifndef PODFIT_CMD_H
#define PODFIT_CMD_H

/** The run functions of the commands, one file each; see struct pf_command. */

int pf_cmd_serve_run(int argc, char **argv);
int pf_cmd_check_run(int argc, char **argv);
int pf_cmd_nodes_run(int argc, char **argv);
int pf_cmd_snapshot_run(int argc, char **argv);
int pf_cmd_plan_run(int argc, char **argv);
int pf_cmd_certs_run(int argc, char **argv);
int pf_cmd_config_run(int argc, char **argv);
int pf_cmd_migrate_run(int argc, char **argv);
int pf_cmd_audit_run(int argc, char **argv);
int pf_cmd_version_run(int argc, char **argv);

#endif
