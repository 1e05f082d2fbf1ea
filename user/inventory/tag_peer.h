/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_peer.h - one connection of the tag socket, as its listener sees it.
 *
 * Nothing waits, and nothing grows without bound: while answers are unsent
 * no request is read; of a line that isn't whole LINE_BYTES_MAX are kept. The
 * answer to one list is held whole.
 */
#ifndef NINETAP_INVENTORY_TAG_PEER_H
#define NINETAP_INVENTORY_TAG_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "inventory/tag_socket.h"

struct tag_peer {
	int fd;
	struct buf in, out;
	size_t whole;			/* bytes of in that are whole lines */
	size_t in_at, out_at;		/* done of them */
	bool eof;			/* the other end says no more */
	uint64_t turn;			/* when it was served last */
	uint32_t events;		/* of epoll(7), to be waited for */
};

/* Takes fd; NULL: no memory, fd is the caller's. */
struct tag_peer *tag_peer_open(int fd);
void tag_peer_close(struct tag_peer *p);

/* Does what can be done now, and sets events. False: it is over. */
bool tag_peer_serve(struct tag_peer *p, tag_socket_answer *answer, void *arg);

/* path fits. */
static inline struct sockaddr_un tag_address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, path, strnlen(path, sizeof(a.sun_path) - 1));
	return a;
}

#endif
