/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases_depth.h - rows of cases_lib.c: how many bytes of headers are read.
 */
{ "512 bytes of headers", "eth ip6 hop,len=50 udp vxlan eth ip6 tcp pay",
  "6:17 4001>4789 vxlan=5001 | 6:6 4002>80 tcp=012,64240 pay=10" },
{ "1,000 bytes of headers", "eth ip6 hop,len=50 dstopts,len=60 udp vxlan eth ip6 tcp pay",
  "6:17 4001>4789 vxlan=5001 | 6:6 4002>80 tcp=012,64240 pay=10" },
{ "the last offset that is read", "eth ip6 hop,len=239 udp,dport=53", "6:17 4001>53 pay=0" },
{ "an L4 header too deep", "eth ip6 hop,len=250 udp pay", "6:17 pay=10 !too_deep" },
{ "an inner packet too deep", "eth ip6 hop,len=235 udp geneve,words=20 ip4 udp", "6:17 4001>6081 pay=116 !too_deep !tunnel_no_ip" },
{ "an extension header too deep", "eth ip6 hop,len=255 dstopts udp", "6:60 pay=16 !too_deep" },
