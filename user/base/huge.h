/* SPDX-License-Identifier: Apache-2.0 */
/*
 * huge.h - large memory that is read at random: in huge pages, where the
 * kernel has them to give (mm/transhuge, "madvise"), a look is a miss of the
 * processor's caches alone, and not one of its TLB, too.
 */
#ifndef NINETAP_HUGE_H
#define NINETAP_HUGE_H

#include <stddef.h>

#define HUGE_BYTES (2UL << 20)

/* So many bytes of zeroes, from a boundary of HUGE_BYTES on; each huge page is whole once it is touched. NULL: no memory. */
void *huge_map(size_t bytes);
void huge_unmap(void *p, size_t bytes);	/* NULL is fine */

#endif
