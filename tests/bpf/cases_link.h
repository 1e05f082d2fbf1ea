/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases_link.h - rows of cases_lib.c: from the first byte to the IP header.
 */
{ "IPv4 and TCP", "eth ip4 tcp pay", "4:6 4001>80 tcp=012,64240 pay=10" },
{ "IPv6 and UDP", "eth ip6 udp pay", "6:17 4001>80 pay=10" },
{ "ARP", "eth arp", "non_ip" },
{ "LLDP", "eth,type=0x88cc pay,n=50", "non_ip" },
{ "an unknown EtherType", "eth pay,n=50", "non_ip" },
{ "a type between length and EtherType", "eth,type=0x05dd ip4 udp", "non_ip" },
{ "Ethernet bridging as EtherType is no tunnel", "eth,type=0x6558 eth ip4 udp", "non_ip" },
{ "bare type 0", "eth,type=0 pay,n=50", "non_ip" },

/* Tags */
{ "one tag", "eth tag,vid=5 ip4 udp", "4:17 4001>80 vlan=5 pay=0" },
{ "VID 0 is a tag", "eth tag,vid=0 ip4 udp", "4:17 4001>80 vlan=0 pay=0" },
{ "VID 4095", "eth tag,vid=4095 ip4 udp", "4:17 4001>80 vlan=4095 pay=0" },
{ "priority bits are no VID", "eth tag,vid=5,pcp=7 ip4 udp", "4:17 4001>80 vlan=5 pay=0" },
{ "service tag 0x88a8", "eth tag,vid=6,as=0x88a8 ip6 udp", "6:17 4001>80 vlan=6 pay=0" },
{ "tag 0x9100", "eth tag,vid=7,as=0x9100 ip4 udp", "4:17 4001>80 vlan=7 pay=0" },
{ "tag 0x9200 is none", "eth tag,vid=7,as=0x9200 ip4 udp", "non_ip" },
{ "QinQ, outer first", "eth tag,vid=100,as=0x88a8 tag,vid=200 ip4 udp", "4:17 4001>80 vlan=100,200 pay=0" },
{ "two tags, the inner one 0", "eth tag,vid=9 tag,vid=0 ip4 udp", "4:17 4001>80 vlan=9,0 pay=0" },
{ "four tags, the outer two kept", "eth tag,vid=1 tag,vid=2 tag,vid=3 tag,vid=4 ip4 udp",
  "4:17 4001>80 vlan=1,2 pay=0" },
{ "five tags", "eth tag,vid=5 tag,vid=4 tag,vid=3 tag,vid=2 tag,vid=1 ip4 udp", "4:17 4001>80 vlan=5,4 pay=0" },
{ "tagged ARP", "eth tag arp", "non_ip" },
{ "a tag cut", "eth tag ip4 short,n=22", "truncated !cut" },
{ "a tag in front of a length", "eth tag,vid=8 snap ip4 udp", "4:17 4001>80 vlan=8 pay=0" },

/* MPLS */
{ "MPLS, IPv4 below", "eth mpls ip4 udp", "4:17 4001>80 pay=0" },
{ "MPLS, IPv6 below", "eth mpls ip6 udp", "6:17 4001>80 pay=0" },
{ "MPLS multicast", "eth mpls,as=0x8848 ip4 udp", "4:17 4001>80 pay=0" },
{ "eight labels", "eth mpls,times=8 ip4 udp", "4:17 4001>80 pay=0" },
{ "four tags and eight labels", "eth tag,vid=1 tag,vid=2 tag,vid=3 tag,vid=4 mpls mpls mpls mpls mpls mpls mpls mpls "
  "ip4 udp", "4:17 4001>80 vlan=1,2 pay=0" },
{ "sixteen labels", "eth mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls ip4 udp",
  "4:17 4001>80 pay=0" },
{ "seventeen labels are too deep",
  "eth mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls mpls ip4 udp",
  "non_ip !too_deep" },
{ "a control word below MPLS", "eth mpls hex,v=00000000 eth ip4 udp", "non_ip" },
{ "no bottom label", "eth mpls,s=0 short,n=0", "truncated !cut" },
{ "nothing below the bottom label", "eth mpls,s=1", "truncated !cut" },
{ "MPLS cut in a label", "eth mpls ip4 short,n=21", "truncated !cut" },

/* PPPoE */
{ "PPPoE", "eth pppoe ip4 udp", "4:17 4001>80 pay=0" },
{ "PPPoE, IPv6", "eth pppoe ip6 udp", "6:17 4001>80 pay=0" },
{ "PPPoE with a PPP protocol of one byte", "eth pppoe1 ip4 tcp pay", "4:6 4001>80 tcp=012,64240 pay=10" },
{ "PPPoE, one byte, IPv6", "eth pppoe1 ip6 udp", "6:17 4001>80 pay=0" },
{ "PPPoE in a tag", "eth tag,vid=3 pppoe ip4 udp", "4:17 4001>80 vlan=3 pay=0" },
{ "PPPoE, MPLS below", "eth pppoe mpls ip4 udp", "4:17 4001>80 pay=0" },
{ "PPPoE, LCP below", "eth pppoe pay,n=20", "non_ip" },
{ "PPPoE discovery", "eth pppoe,as=0x8863 pay,n=20", "non_ip" },
{ "PPPoE cut", "eth pppoe ip4 short,n=21", "truncated !cut" },

/* LLC */
{ "LLC and SNAP", "eth snap ip4 udp", "4:17 4001>80 pay=0" },
{ "SNAP, IPv6", "eth snap ip6 tcp", "6:6 4001>80 tcp=012,64240 pay=0" },
{ "SNAP of bridged Ethernet (00-00-f8)", "eth snap,oui=0xf8 ip4 udp", "4:17 4001>80 pay=0" },
{ "SNAP of another organisation", "eth snap,oui=0x0c ip4 udp", "non_ip" },
{ "SNAP, then a tag", "eth snap tag,vid=4 ip4 udp", "4:17 4001>80 vlan=4 pay=0" },
{ "a length is no type of SNAP", "eth snap,type=0x0028 llc ip4 udp", "non_ip" },
{ "LLC with the SAP of IP", "eth llc ip4 udp", "4:17 4001>80 pay=0" },
{ "spanning tree", "eth llc,dsap=0x42,ssap=0x42 pay,n=35", "non_ip" },
{ "LLC, not unnumbered information", "eth llc,control=0xbf ip4 udp", "non_ip" },
{ "LLC with padding behind", "eth llc ip4 udp pad,n=8", "4:17 4001>80 pay=0" },
{ "LLC cut", "eth llc short,n=1", "truncated !cut" },
{ "SNAP cut", "eth snap,type=0x0800 short,n=1", "truncated !cut" },

/* Without Ethernet */
{ "IPv4 from its first byte", "l3 ip4 udp pay", "4:17 4001>80 pay=10" },
{ "IPv6 from its first byte", "l3 ip6 tcp pay", "6:6 4001>80 tcp=012,64240 pay=10" },
{ "another version from its first byte", "l3 ip4,version=5 udp pay", "non_ip" },
{ "a tunnel without Ethernet in front", "l3 ip4 udp vxlan eth ip6 tcp",
  "4:17 4001>4789 vxlan=5001 | 6:6 4002>80 tcp=012,64240 pay=0" },
{ "no Ethernet, cut", "l3 ip4 short,n=1", "truncated !cut" },
