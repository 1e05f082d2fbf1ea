/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.h - what a SIGHUP asks for: the configuration read again, from the
 * same command line and file.
 */
#ifndef NINETAP_RELOAD_H
#define NINETAP_RELOAD_H

#include <stdbool.h>
#include "base/options.h"

/*
 * True: it is valid and says something else than now: *next is the caller's to
 * free. False: it says the same, or it has mistakes, which are logged, and
 * what runs goes on as it is.
 */
bool reload_read(const struct options *now, struct options *next);

#endif
