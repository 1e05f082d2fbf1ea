// SPDX-License-Identifier: Apache-2.0
/*
 * inventory_rules.c - how a packet is tagged: the rules 1 to 5 of
 * docs/tags.md, each with the cases that it tells apart.
 */
#include "check.h"
#include "inventory_util.h"

#define A "10.0.0.1"
#define B "10.0.0.2"
#define FAR "198.51.100.1"

static const char *tenant_of(struct tag_query q)
{
	return text_of(ask(q, 100)->tenant);
}

static void forever(const char *id, const char *tenant, const char *addresses)
{
	CHECK_EQ(instance(id, tenant, addresses, TIME_ALWAYS, TIME_OPEN), 0);
}

/* Overlapping subnets and addresses: red has VNI 42, blue VNI 43 and VLAN 110. */
static void two_tenants(void)
{
	uint32_t scopes[] = { SCOPE_VNI(43), SCOPE_VLAN(110) };
	struct statement blue = { .kind = STATEMENT_TENANT, .id = "b", .name = "blue", .scopes = scopes, .scopes_n = 2 };

	util_open();
	CHECK_EQ(tenant("r", "red", SCOPE_VNI(42), "10.0.0.0/24"), 0);
	CHECK_EQ(util_apply(blue, "10.0.0.0/24", LAYER_FILE), 0);
	forever("red-1", "red", A);
	forever("blue-1", "blue", A);
}

static void test_scope(void)
{
	struct tag_query q = packet(A, B);

	two_tenants();
	CHECK_STR(tenant_of(in_vni(q, 42)), "red");
	CHECK_STR(tenant_of(in_vni(q, 43)), "blue");
	CHECK_STR(tenant_of(in_vlan(q, 110)), "blue");
	CHECK_STR(tenant_of(in_vlan(in_vlan(q, 42), 110)), "blue");
	CHECK_STR(tenant_of(in_vlan(q, 43)), "-");
	/* The VNI goes before the VLAN, one that nobody has doesn't count. */
	CHECK_STR(tenant_of(in_vlan(in_vni(q, 42), 110)), "red");
	CHECK_STR(tenant_of(in_vlan(in_vni(q, 7), 110)), "blue");
	/* Of two VLANs that somebody has the outer one. */
	CHECK_EQ(tenant("g", "green", SCOPE_VLAN(120), ""), 0);
	CHECK_STR(tenant_of(in_vlan(in_vlan(q, 110), 120)), "blue");
	CHECK_STR(tenant_of(in_vlan(in_vlan(q, 120), 110)), "green");
	/* The tunnel around the innermost, if that is of another kind. */
	q.tunnel[0] = NT_TUNNEL_GRE;
	q.tunnel_id[0] = 42;
	CHECK_STR(tenant_of(q), "-");
	q.tunnel[1] = NT_TUNNEL_GENEVE;
	q.tunnel_id[1] = 43;
	CHECK_STR(tenant_of(q), "blue");
	CHECK_STR(tenant_of(in_vni(q, 42)), "red");
	util_close();
}

static void test_end_in_scope(void)
{
	const struct tags *t;

	two_tenants();
	t = ask(in_vni(packet(A, FAR), 42), 100);
	CHECK_STR(text_of(t->src_instance), "red-1");
	CHECK_STR(text_of(t->src_tenant), "red");
	CHECK_STR(text_of(t->dst_tenant), "-");
	CHECK_STR(text_of(t->tenant), "red");
	forever("blue-far", "blue", FAR);	/* not in red's scope */
	t = ask(in_vni(packet(A, FAR), 42), 100);
	CHECK(!t->dst_instance && !t->dst_tenant);
	t = ask(in_vni(packet(B, A), 43), 100);
	CHECK_STR(text_of(t->dst_instance), "blue-1");
	CHECK_STR(text_of(t->src_tenant), "blue");	/* by subnet */
	CHECK(!t->src_instance);
	/* A tenant that has described no subnets has all addresses. */
	CHECK_EQ(tenant("g", "green", SCOPE_VNI(44), ""), 0);
	CHECK_STR(text_of(ask(in_vni(packet(FAR, FAR), 44), 100)->dst_tenant), "green");
	/* Both ends unknown: the scope's. */
	CHECK_STR(tenant_of(in_vni(packet(FAR, FAR), 42)), "red");
	util_close();
}

/* One tenant, one address, two of its networks. */
static void test_own_scope(void)
{
	struct statement s = {
		.kind = STATEMENT_INSTANCE, .id = "in-42", .tenant = "red", .scope = SCOPE_VNI(42),
		.from_ns = TIME_ALWAYS, .until_ns = TIME_OPEN,
	};
	uint32_t scopes[] = { SCOPE_VNI(42), SCOPE_VNI(43) };
	struct statement red = { .kind = STATEMENT_TENANT, .id = "red", .scopes = scopes, .scopes_n = 2 };

	util_open();
	CHECK_EQ(util_apply(red, "", LAYER_FILE), 0);
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	s.id = "in-43";
	s.scope = SCOPE_VNI(43);
	CHECK_EQ(util_apply(s, A, LAYER_FILE), 0);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 0);
	CHECK_STR(text_of(ask(in_vni(packet(A, B), 42), 100)->src_instance), "in-42");
	CHECK_STR(text_of(ask(in_vni(packet(A, B), 43), 100)->src_instance), "in-43");
	forever("any", "red", A);
	CHECK_EQ(said.count[PROBLEM_OVERLAP], 1);
	util_close();
}

static void test_without_scope(void)
{
	const struct tags *t;

	two_tenants();
	t = ask(packet(A, B), 100);		/* two tenants' instances, two tenants' subnet */
	CHECK(!t->src_instance && !t->src_tenant && !t->dst_tenant && !t->tenant);
	forever("red-2", "red", B);
	CHECK_STR(text_of(ask(packet(A, B), 100)->dst_instance), "red-2");
	CHECK_STR(tenant_of(packet(A, B)), "red");
	/* The longest prefix, if it is one tenant's; a shorter one doesn't help. */
	CHECK_EQ(tenant("g", "green", 0, "10.0.0.128/25 10.0.0.0/8 2001:db8::/32"), 0);
	CHECK_STR(tenant_of(packet("10.0.0.200", FAR)), "green");
	CHECK_STR(tenant_of(packet("10.0.0.5", FAR)), "-");
	CHECK_STR(tenant_of(packet("10.9.0.5", FAR)), "green");
	CHECK_STR(tenant_of(packet("2001:db8::5", FAR)), "green");
	/* An instance goes before the longest prefix. */
	forever("red-3", "red", "10.0.0.200");
	CHECK_STR(tenant_of(packet("10.0.0.200", FAR)), "red");
	util_close();
}

static void test_no_tenant(void)
{
	const struct tags *t;

	two_tenants();
	forever("alone", NULL, FAR);
	t = ask(packet(FAR, "192.0.2.9"), 100);
	CHECK_STR(text_of(t->src_instance), "alone");
	CHECK(!t->src_tenant && !t->tenant);
	forever("other", "red", FAR);
	CHECK(!ask(packet(FAR, B), 100)->src_instance);
	/* In a scope it is not the scope's tenant's. */
	forever("bare", NULL, B);
	CHECK(!ask(in_vni(packet(B, FAR), 42), 100)->src_instance);
	util_close();
}

static void test_families(void)
{
	util_open();
	CHECK_EQ(tenant("six", NULL, 0, "::/0"), 0);
	CHECK_STR(tenant_of(packet(A, FAR)), "-");
	CHECK_STR(tenant_of(packet("2001:db8::1", "2001:db8::2")), "six");
	CHECK_EQ(tenant("four", NULL, 0, "0.0.0.0/0"), 0);
	CHECK_STR(tenant_of(packet(A, FAR)), "four");
	CHECK_STR(tenant_of(packet("2001:db8::1", "2001:db8::2")), "six");
	util_close();
}

static void test_tenant(void)
{
	two_tenants();
	forever("red-2", "red", "10.1.0.1");
	forever("blue-2", "blue", "10.2.0.1");
	CHECK_STR(tenant_of(packet("10.1.0.1", "10.1.0.1")), "red");
	CHECK_STR(tenant_of(packet("10.1.0.1", FAR)), "red");
	CHECK_STR(tenant_of(packet(FAR, "10.2.0.1")), "blue");
	CHECK_STR(tenant_of(packet("10.1.0.1", "10.2.0.1")), "-");
	CHECK_STR(tenant_of(packet(FAR, FAR)), "-");
	util_close();
}

static const char *app_between(uint16_t src_port, uint16_t dst_port)
{
	struct tag_query q = packet("10.1.0.1", "10.2.0.1");

	q.src_port = src_port;
	q.dst_port = dst_port;
	return app_of(ask(q, 100));
}

static void test_application(void)
{
	two_tenants();
	forever("red-2", "red", "10.1.0.1");
	forever("blue-2", "blue", "10.2.0.1");
	CHECK_EQ(app("any-80", NULL, IPPROTO_TCP, 80, 80), 0);
	CHECK_EQ(app("blue-80", "blue", IPPROTO_TCP, 80, 80), 0);
	CHECK_EQ(app("red-9000", "red", IPPROTO_TCP, 9000, 9010), 0);
	CHECK_EQ(app("any-9000", NULL, IPPROTO_TCP, 8999, 9000), 0);
	CHECK_EQ(app("blue-5000", "b", IPPROTO_TCP, 5000, 5000), 0);
	CHECK_EQ(app("any-tcp", NULL, IPPROTO_TCP, 0, 0), 0);
	CHECK_STR(app_between(50000, 80), "blue-80");	/* the server's tenant */
	CHECK_STR(app_between(80, 50000), "any-80");	/* red is the server */
	CHECK_STR(app_between(9000, 9001), "red-9000");
	CHECK_STR(app_between(9001, 9000), "any-9000");
	CHECK_STR(app_between(4000, 5000), "any-tcp");	/* red's end, which has none on 5000 */
	CHECK_STR(app_between(6000, 5000), "blue-5000");
	CHECK_STR(app_between(4000, 80), "blue-80");
	CHECK_STR(app_between(80, 80), "blue-80");
	CHECK_EQ(app("blue-tcp", "blue", IPPROTO_TCP, 0, 0), 0);
	CHECK_STR(app_between(4001, 4000), "blue-tcp");
	CHECK_STR(app_between(4000, 4001), "any-tcp");
	CHECK_STR(app_between(4000, 8999), "any-9000");	/* the other port goes before the protocol */
	util_close();
}

/* Without a tenant at the server's end the record's counts; without ports the protocol alone. */
static void test_application_of_record(void)
{
	struct tag_query q = packet("10.1.0.1", FAR);

	two_tenants();
	forever("red-2", "red", "10.1.0.1");
	CHECK_EQ(app("red-80", "r", IPPROTO_TCP, 80, 80), 0);
	CHECK_EQ(app("any-icmp", NULL, IPPROTO_ICMP, 0, 0), 0);
	CHECK_STR(app_of(ask(q, 100)), "red-80");
	q.has_ports = 0;
	CHECK_STR(app_of(ask(q, 100)), "-");
	q.proto = IPPROTO_ICMP;
	CHECK_STR(app_of(ask(q, 100)), "any-icmp");
	CHECK_EQ(app("red-icmp", "r", IPPROTO_ICMP, 0, 0), 0);
	CHECK_STR(app_of(ask(q, 100)), "red-icmp");
	q.proto = IPPROTO_UDP;
	CHECK_STR(app_of(ask(q, 100)), "-");
	util_close();
}

int main(void)
{
	RUN(test_scope);
	RUN(test_end_in_scope);
	RUN(test_own_scope);
	RUN(test_without_scope);
	RUN(test_no_tenant);
	RUN(test_families);
	RUN(test_tenant);
	RUN(test_application);
	RUN(test_application_of_record);
	return check_done();
}
