#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gen-vmlinux.py - makes vmlinux/vmlinux.h: the part of a kernel's BTF that bpf/ uses.

Reads `bpftool btf dump file BTF format c` on standard input and prints the
types named in WANTED with everything they need, in the dump's own order. A
whole vmlinux.h has over 100,000 lines that change with each kernel's
configuration; these few are stable user-space ABI.
"""
import re
import sys

WANTED = ["__u8", "__u16", "__u32", "__u64", "__s32", "__s64", "__be16", "__be32", "__wsum",
          "struct xdp_md", "struct __sk_buff", "enum bpf_map_type", "enum xdp_action"]
# Members of unnamed enums, which have no name to ask for.
CONSTANTS = ["BPF_RB_NO_WAKEUP", "BPF_RB_AVAIL_DATA", "BPF_F_NO_PREALLOC", "BPF_NOEXIST"]


def blocks(text):
    """Yields (name or None, text) of each top-level declaration."""
    text = text.split("#pragma clang attribute push", 1)[1].split("\n", 3)[-1]
    for m in re.finditer(r"^(?:(?:struct|union|enum)[^;{]*\{\n.*?^\}[^;]*;|[^\n{]+;)$", text, re.S | re.M):
        yield name_of(m.group(0)), m.group(0)


def name_of(block):
    m = re.match(r"(struct|union|enum) (\w+) \{", block)
    if m:
        return f"{m.group(1)} {m.group(2)}"
    m = re.match(r"typedef .*?(\w+)(?:\[[^]]*\])?;$", block, re.S)
    return m.group(1) if m else None


def pick(all_blocks):
    by_name = {n: b for n, b in all_blocks if n}
    todo, chosen = list(WANTED), {}
    while todo:
        name = todo.pop()
        if name in chosen or name not in by_name:
            continue
        chosen[name] = by_name[name]
        body = re.sub(r"(?:struct|union) \w+ \*", "", by_name[name])  # pointers need no definition
        todo += re.findall(r"(?:struct|union|enum) \w+", body) + re.findall(r"\b\w+\b", body)
    return chosen


def main():
    all_blocks = list(blocks(sys.stdin.read()))
    chosen = pick(all_blocks)
    missing = [n for n in WANTED if n not in chosen]
    if missing:
        sys.exit(f"gen-vmlinux: not in this BTF: {', '.join(missing)}")
    print("/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */")
    print("/* Made by `make vmlinux`; see vmlinux/README.md. Not to be edited. */")
    print("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n")
    print("#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n")
    for name, block in all_blocks:
        if name and name in chosen:
            print(chosen.pop(name) + "\n")
        elif name is None and any(re.search(rf"\b{c}\b", block) for c in CONSTANTS):
            print(block + "\n")
    print("#pragma clang attribute pop\n\n#endif")


main()
