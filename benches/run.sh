#!/usr/bin/env bash
# Measures Prefab beside wasmtime, wasm2c, node and native code, and writes docs/performance.md: installs
# what is missing (Debian's packages), builds, runs, writes. `benches/run.sh --help` tells what can be chosen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_INCREMENTAL=0

missing=()
# need PACKAGE CHECK...: wants PACKAGE where the command CHECK fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
install() {
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -q
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}
any_file() { compgen -G "$1"; }

need gcc command -v gcc
need clang command -v clang
need lld command -v wasm-ld
need wasi-libc any_file '/usr/include/wasm32-wasi*/stdio.h'
need wabt command -v wasm2c
need nodejs command -v node
need npm command -v npm
need valgrind command -v valgrind
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
# clang links for wasm with the builtins of its own version.
any_file "$(clang --print-resource-dir)/lib/*was*/libclang_rt.builtins*.a" >/dev/null ||
    install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev-wasm32"

cargo build -q --release -p prefab-benches --features peers -p prefab --bins
exec "${CARGO_TARGET_DIR:-target}/release/compare" "$@"
