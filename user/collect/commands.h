/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - one function a subcommand; each returns a sysexits(3) code
 * after it said on stderr what was wrong.
 */
#ifndef NINETAP_COMMANDS_H
#define NINETAP_COMMANDS_H

#include "base/options.h"

int run_main(const struct options *o);
int replay_main(const struct options *o);
int show_main(const struct options *o);
int detach_main(const struct options *o);
int mode_main(const struct options *o);
int tag_put_main(const struct options *o);
int tag_end_main(const struct options *o);
int tag_list_main(const struct options *o);

#endif
