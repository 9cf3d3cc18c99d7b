#!/usr/bin/env bash
# Sizes of what a device needs, for docs/footprint.md: the runner, and a linked hello, per instruction
# set. Takes some minutes; needs what tests/setup.sh installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC1091
. "${PREFAB_CROSS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/prefab-cross}/env.sh"

out=target/footprint
mkdir -p "$out"
printf '#include <stdio.h>\nint main(void) { puts("hello, world"); }\n' >"$out/hello.c"
clang --target=wasm32-wasi -O2 "$out/hello.c" -o "$out/hello.wasm"
cargo build -q -p prefab --bin prefab

size() { stat -c %s "$1"; }
for triple in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu riscv64gc-unknown-linux-gnu; do
    for static in - +; do
        export RUSTFLAGS="-C target-feature=${static}crt-static" CARGO_TARGET_DIR="$out/build$static"
        built=$CARGO_TARGET_DIR/$triple/small
        row="$triple crt-static=$static"
        for features in wasi ''; do
            cargo build -q --profile small -p prefab --no-default-features --features "$features" --target "$triple"
            row+=" | runner (${features:-no wasi}) $(size "$built/prefab-run")"
        done
        cargo build -q --profile small -p prefab-c-api --target "$triple"
        target/debug/prefab compile "$out/hello.wasm" --target "$triple" -o "$out/hello.o"
        options=(--runtime "$built/libprefab_rt.a" --cc-arg=-s)
        [ "$static" = - ] || options+=(--static)
        target/debug/prefab link "$out/hello.o" -o "$out/hello" "${options[@]}"
        echo "$row | linked hello $(size "$out/hello")"
    done
done
