#!/usr/bin/env bash
# Installs what the tests need beside Rust, on Debian 12 or a recent Ubuntu. Run it as often as
# you like: where everything is there already, it does nothing and takes no time.
set -euo pipefail

missing=()
# need PACKAGE CHECK...: wants PACKAGE where the command CHECK fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }
any_file() { compgen -G "$1"; }

need gcc has cc                          # links our own binaries
need g++ has g++                         # the C header is for C++, too
need binutils has ld
need binutils has readelf
need clang has clang                     # C programs, native and for WASI
need llvm has llvm-objdump               # reads objects for every target
need lld has wasm-ld
need lld has ld.lld
need lld-14 has ld.lld-14                # what Debian 12 has by default, and a newer one: below
need wasi-libc any_file '/usr/include/wasm32-wasi*/stdio.h'
need strace has strace
need valgrind has valgrind               # counts instructions
need cmake has cmake                     # the examples in C
need make has make
need gcc-aarch64-linux-gnu has aarch64-linux-gnu-gcc # links for the other instruction sets
need gcc-riscv64-linux-gnu has riscv64-linux-gnu-gcc
need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdio.h
need libc6-dev-riscv64-cross test -e /usr/riscv64-linux-gnu/include/stdio.h
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need python3 has python3
# npm and pip fetch the modules of tests/real.rs. Debian's npm brings Debian's node with it.
need nodejs has node
need npm has npm
need python3-pip python3 -m pip --version

# clang links WASI programs with the builtins of its own version, which no package name of a
# fixed spelling brings.
has_wasm_builtins() {
    local dir
    dir=$(clang --print-resource-dir) && any_file "$dir/lib/*was*/libclang_rt.builtins*.a"
}
clang_major() { clang -dumpversion 2>/dev/null | cut -d. -f1; }

install() {
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -q
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

if [ ${#missing[@]} -gt 0 ]; then
    if ! has apt-get >/dev/null; then
        echo "tests/setup.sh: no apt-get here; the tests need: ${missing[*]}" >&2
        exit 1
    fi
    echo "tests/setup.sh: installing ${missing[*]}"
    install "${missing[@]}"
fi
# lld of a version that has changed since 14. Which one a release has differs, too.
newer_lld() { any_file '/usr/bin/ld.lld-1[5-9]' || any_file '/usr/bin/ld.lld-[2-9][0-9]'; }
if ! newer_lld >/dev/null; then
    install "$(apt-cache search --names-only '^lld-[0-9]+$' | cut -d' ' -f1 | sort -V | tail -n 1)"
fi
if ! has_wasm_builtins >/dev/null 2>&1; then
    install "libclang-rt-$(clang_major)-dev-wasm32"
fi
for tool in fmt clippy; do
    cargo "$tool" --version >/dev/null 2>&1 || rustup component add "${tool/fmt/rustfmt}"
done
# Rust's standard library for the other instruction sets, and qemu.
"$(dirname "${BASH_SOURCE[0]}")/cross/setup.sh"
