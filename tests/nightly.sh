#!/usr/bin/env bash
# What needs unstable options of the compiler or takes long: not part of `cargo test`. Installs what it needs.
#
#   tests/nightly.sh            all of it
#   tests/nightly.sh miri       the store's core in an interpreter that checks each pointer's use
#   tests/nightly.sh asan       the runtime and the embedding tests under AddressSanitizer
#   tests/nightly.sh valgrind   the same tests, as they are, under valgrind (no nightly needed)
#   tests/nightly.sh compiler   the compiler itself on the other instruction sets (no nightly needed)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
host=$(rustc --version --verbose | sed -n 's/^host: //p')

miri() {
    rustup toolchain install nightly --profile minimal --component miri,rust-src
    # Signals, files and maps of files are beyond the interpreter; the stand-ins of
    # runtime-lib/src/stand_in.rs take the place of compiled code.
    for model in '' -Zmiri-tree-borrows; do
        MIRIFLAGS=$model CARGO_TARGET_DIR=$target/miri cargo +nightly miri test -p prefab-runtime --lib -- \
            store:: linker:: stand_in:: table:: memory:: fuel:: const_expr:: --skip what_was_allowed_and_failed
    done
}

asan() (
    # A nightly compiler if there is one; otherwise the stable one, whose unstable options this variable allows.
    local cargo=(cargo)
    if rustup run nightly rustc --version >/dev/null 2>&1; then
        cargo=(cargo +nightly)
    else
        export RUSTC_BOOTSTRAP=1
    fi
    # A guest's stack overflow is found by touching the guard, which is what the sanitizer's own
    # handler would report: ours is told first. What lies on the stack of a call that a test leaks is lost.
    export RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=$target/asan
    # A disassembler in C has tables of one name twice.
    export ASAN_OPTIONS=allow_user_segv_handler=1:detect_leaks=1:detect_odr_violation=0
    local tests=(test --target "$host" --workspace --features prefab-runtime/sanitizer --test embedding)
    # Not those that leave linked modules behind, or count the process's pages.
    "${cargo[@]}" "${tests[@]}" -- --skip leaked --skip for_ever --skip nested:: --skip linked:: --skip hold_no_more
    # These leave futures behind on purpose.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 "${cargo[@]}" "${tests[@]}" -- leaked for_ever nested::
    # Nor those about handlers and stacks of the host's; modules made by hand leave their parts behind.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
        "${cargo[@]}" test --target "$host" -p prefab-runtime --lib -- --skip process::
)

compiler() {
    # The objects that it makes there are to the byte those that are made here.
    PREFAB_NIGHTLY=1 cargo test --workspace --test real -- 'compiles to the same bytes'
}

with_valgrind() {
    if ! command -v valgrind >/dev/null; then
        echo 'tests/nightly.sh: install valgrind' >&2
        exit 1
    fi
    local tests
    tests=$(cargo test --workspace --test embedding --no-run --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\/embedding-[^"]*\)".*/\1/p')
    # Not those that divide by zero, overflow a stack or are interrupted, whose signals it does not tell
    # exactly; that leave linked modules behind, as programs do; that want more addresses than it has;
    # or that need two threads at once.
    valgrind --suppressions=tests/valgrind.supp --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite \
        "$tests" --skip trap --skip stack --skip another_store --skip explicit --skip linked:: --skip thousand \
        --skip interrupt --skip on_many_threads
}

for part in "${@:-miri asan valgrind compiler}"; do
    for name in $part; do
        case $name in
        miri | asan | compiler) "$name" ;;
        valgrind) with_valgrind ;;
        *)
            echo "tests/nightly.sh: no part is called $name" >&2
            exit 1
            ;;
        esac
    done
done
