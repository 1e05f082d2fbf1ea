// SPDX-License-Identifier: Apache-2.0
/*
 * cases_lib.c - the table of packets: {what it shows, packet.h's line, text.h's
 * line of what must come of it}, a row a rule of parsing. One table for the
 * host, XDP, TC and the fuzzer's seeds; rows are in cases_*.h by layer.
 */
#include "text.h"

const struct packet_case packet_cases[] = {
#include "cases_link.h"
#include "cases_ip.h"
#include "cases_l4.h"
#include "cases_tunnel.h"
#include "cases_gre.h"
#include "cases_gtp.h"
#include "cases_depth.h"
	{ 0 },
};
