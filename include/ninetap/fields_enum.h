/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields_enum.h - the values that records tell by name, and their names: part
 * of the table in fields.h. It holds no code.
 */
#ifndef NINETAP_FIELDS_ENUM_H
#define NINETAP_FIELDS_ENUM_H

/* E(kind, name in the schema, first value, end); N(value, symbol), in the order of values. */
#define NT_ENUMS(E) \
	E(plane, Plane, PLANE_MANAGEMENT, PLANE_MAX) \
	E(dir, Dir, NT_DIR_IN, NT_DIR_MAX) \
	E(hook, Hook, NT_HOOK_XDP, NT_HOOK_MAX) \
	E(frag, Frag, NT_FRAG_NONE, NT_FRAG_MAX) \
	E(tunnel, TunnelType, NT_TUNNEL_VXLAN, NT_TUNNEL_MAX) \
	E(mode, Mode, NT_MODE_PACKET, NT_MODE_MAX) \
	E(reason, Reason, FLOW_ACTIVE, FLOW_REASON_MAX)

#define NT_SYMBOLS_plane(N) N(PLANE_MANAGEMENT, management) N(PLANE_CONTROL, control) N(PLANE_DATA, data)
#define NT_SYMBOLS_dir(N) N(NT_DIR_IN, in) N(NT_DIR_OUT, out)
#define NT_SYMBOLS_hook(N) N(NT_HOOK_XDP, xdp) N(NT_HOOK_TC, tc)
#define NT_SYMBOLS_frag(N) N(NT_FRAG_NONE, none) N(NT_FRAG_FIRST, first) N(NT_FRAG_LATER, later)
#define NT_SYMBOLS_tunnel(N) \
	N(NT_TUNNEL_VXLAN, vxlan) N(NT_TUNNEL_GENEVE, geneve) N(NT_TUNNEL_GRE, gre) \
	N(NT_TUNNEL_GTP, gtp) N(NT_TUNNEL_IPIP, ipip) N(NT_TUNNEL_ETHIP, ethip)
#define NT_SYMBOLS_mode(N) N(NT_MODE_PACKET, packet) N(NT_MODE_FLOW, flow) N(NT_MODE_SAMPLED, sampled)
#define NT_SYMBOLS_reason(N) \
	N(FLOW_ACTIVE, active) N(FLOW_IDLE, idle) N(FLOW_END, end) N(FLOW_OVERLOAD, overload) \
	N(FLOW_SHUTDOWN, shutdown)

#endif
