#ifndef PODFIT_MAN_H
#define PODFIT_MAN_H

/** Manual pages (section 1, man(7) macros) from the option tables. One thread. */

#include <podfit/buf.h>
#include <podfit/command.h>

/** One page: of a command, or, with command NULL, of the program. */
struct pf_man_page {
    const struct pf_command_group *group; /**< that the command is one of; the program: itself */
    const struct pf_command *command;
};

/** `podfit-certs-create`, the page's name. */
void pf_man_put_name(const struct pf_man_page *page, struct pf_buf *buf);
/** Append the page. */
void pf_man_put(const struct pf_man_page *page, struct pf_buf *buf);

#endif
