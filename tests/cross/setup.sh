#!/usr/bin/env bash
# Makes an x86-64 machine build and run programs for the other instruction sets: Rust's standard
# library for them, and qemu-user to run them. The C compilers and their libraries are packages,
# which tests/setup.sh installs before it calls this.
#
# Writes FOLDER/env.sh, which tests read (and people: `. env.sh`); FOLDER is $PREFAB_CROSS_DIR or
# ~/.cache/prefab-cross. Where that is up to date, does nothing.
#
# The standard library comes from rustup, for the machine's own rustc. Where rustup has none to give,
# it comes from Debian, together with Debian's rustc of that version, unpacked into FOLDER beside
# everything else and not installed (PREFAB_CROSS_RUST=debian asks for that).
set -euo pipefail

# Rust's name, Debian's, the C compiler's, qemu's.
targets=(
    "aarch64-unknown-linux-gnu arm64 aarch64-linux-gnu aarch64"
    "riscv64gc-unknown-linux-gnu riscv64 riscv64-linux-gnu riscv64"
)
min_rust=1.95
# 7.2 takes a tenth of a second for each GiB of address space that is reserved, and ignores
# MAP_FIXED_NOREPLACE.
min_qemu=9.0
# The Debian release that has what older ones lack.
later=trixie

folder=${PREFAB_CROSS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/prefab-cross}
say() { echo "tests/cross/setup.sh: $*" >&2; }
die() { say "$*" && exit 1; }
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }
rust_names() { printf '%s\n' "${targets[@]}" | cut -d' ' -f1; }

has_std() { # of the rustc $1
    local sysroot name
    sysroot=$("$1" --print sysroot)
    for name in $(rust_names); do
        compgen -G "$sysroot/lib/rustlib/$name/lib/libstd-*.rlib" >/dev/null || return 1
    done
}

# What was made is taken as it is while the script, the machine's rustc and the choice are the same.
key="$(sha256sum <"${BASH_SOURCE[0]}" | cut -c-16) $(rustc --version) ${PREFAB_CROSS_RUST:-}"
up_to_date() {
    [ "$(head -n 1 "$folder/env.sh")" = "# $key" ] || return 1
    ( # shellcheck disable=SC1091
        . "$folder/env.sh"
        command -v "${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER%% *}" && has_std "${RUSTC:-rustc}"
    )
}
up_to_date >/dev/null 2>&1 && exit 0

[ "$(uname -m)" = x86_64 ] || die "only x86-64 machines are set up to run programs of the others"
case $folder in *[[:space:]]*) die "a path with spaces does not do: $folder" ;; esac
mkdir -p "$folder/bin"
folder=$(cd "$folder" && pwd -P)
tmp=$(mktemp -d "$folder/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
is_debian=false
# shellcheck disable=SC1091
[ "$(. /etc/os-release && echo "$ID")" != debian ] || is_debian=true

# -- An apt of our own, which knows a later release and other architectures and installs nothing.

retry() { # a mirror may be in the middle of an update
    "$@" || { sleep 10 && "$@"; }
}
uri() { # from where this machine has the release $1
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(RELEASE) $(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$1" '$1 == release && $2 == "Debian" { found = $3 } END { print found }'
}
source_of() { # source_of URI SUITE ARCHITECTURES: a stanza of sources
    [ -z "$1" ] || printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\nSigned-By: %s\n\n' \
        "$1" "$2" "$3" /usr/share/keyrings/debian-archive-keyring.gpg
}
own_apt() { # own_apt COMMAND...: with lists below $tmp
    local command=$1
    shift
    "$command" -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$tmp/apt/sources" \
        -o Dir::State="$tmp/apt/state" -o Dir::State::Status="$tmp/apt/status" -o Dir::Cache="$tmp/apt/cache" \
        -o APT::Architectures=amd64 -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 \
        -o APT::Architectures::=riscv64 -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
has_lists=false
fetch_lists() { # fetch_lists WHAT ARCHITECTURE...: the package lists, to obtain WHAT
    $has_lists && return
    $is_debian || die "$1 is missing, and this script knows only how Debian brings it"
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    local main security
    main=$(uri "$codename") security=$(uri "$codename-security")
    mkdir -p "$tmp"/apt/{sources,state/lists/partial,cache/archives/partial}
    : >"$tmp/apt/status"
    {
        # Debian has had riscv64 since the later release.
        source_of "$main" "$codename" "${*:2:2}"
        source_of "$security" "$codename-security" "${*:2:2}"
        if [ "$codename" != "$later" ]; then
            source_of "$main" "$later" "${*:2}"
            source_of "$security" "$later-security" "${*:2}"
        fi
    } >"$tmp/apt/sources/all.sources"
    say "fetching the package lists of $codename and $later"
    retry own_apt apt-get update >&2 || say 'some are missing; going on with the others'
    has_lists=true
}
versions() { # versions PACKAGE:ARCHITECTURE [RELEASE]: the newest first
    own_apt apt-cache madison "$1" | awk -F ' *[|] *' -v release=" ${2:-}" 'index($3, release) { print $2 }' | sort -urV
}
unpack() { # unpack FOLDER PACKAGE=VERSION...
    local into=$1 debs
    shift
    debs=$(mktemp -d "$tmp/debs.XXXXXX")
    say "fetching $*"
    (cd "$debs" && retry own_apt apt-get download "$@" >&2)
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$into"; done
    rm -r "$debs"
}

# -- Rust.

upstream() { sed 's/-[^-]*$//' <<<"$1"; } # 1.96.0+dfsg1-1~deb12u2 -> 1.96.0+dfsg1
# Sets `rustc`, `stds` and `missing` to the newest version of this release, preferably one that has
# a standard library for each target.
pick_rust() {
    local version name debian _ found
    for must_have_all in true false; do
        for version in $(versions rustc-web:amd64 "$codename"); do
            at_least "$version" "$min_rust" || continue
            rustc=$version stds=() missing=()
            while read -r name debian _; do
                found=$(versions "libstd-rust-web-dev:$debian" | grep -F "$(upstream "$version")-" | head -n 1) || true
                if [ -n "$found" ]; then
                    stds+=("libstd-rust-web-dev:$debian=$found")
                else
                    missing+=("$name")
                fi
            done < <(printf '%s\n' "${targets[@]}")
            [ ${#missing[@]} = 0 ] && return
            $must_have_all || return 0
        done
    done
    die "Debian has no rustc-web of at least $min_rust for $codename"
}
dependency() { # dependency PATTERN PACKAGE=VERSION: the package it needs whose name is like that
    own_apt apt-cache show "$2" | sed -nE "s/^Depends:.*\b($1).*/\\1/p"
}
build_std() { # for a target of which Debian has none; all builds that follow are ordinary ones
    local name=$1 lib=$folder/rust/usr/lib/rustlib/$1/lib
    say "compiling Rust's standard library for $name"
    mkdir -p "$tmp/std/src" "$lib"
    : >"$tmp/std/src/lib.rs"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$tmp/std/Cargo.toml"
    (cd "$tmp/std" && RUSTC_BOOTSTRAP=1 RUSTC=$folder/bin/rustc CARGO_TARGET_DIR=$tmp/std/target \
        cargo build -q --release -Zbuild-std=std,panic_abort,test --target "$name")
    find "$tmp/std/target/$name/release/deps" -name 'lib*.r*' ! -name 'libempty*' -exec cp {} "$lib/" \;
}
unpack_rust() {
    fetch_lists "Rust's standard library for the other targets" amd64 arm64 riscv64
    pick_rust
    local lib llvm name
    lib=$(dependency 'libstd-rust-web-[0-9.]+[0-9]' "libstd-rust-web-dev:amd64=$rustc")
    llvm=$(dependency 'libllvm[0-9]+' "$lib:amd64=$rustc")
    unpack "$tmp/rust" "rustc-web:amd64=$rustc" "$lib:amd64=$rustc" "libstd-rust-web-dev:amd64=$rustc" \
        "$llvm:amd64=$(versions "$llvm:amd64" "$codename" | head -n 1)" "${stds[@]}"
    if [ ${#missing[@]} -gt 0 ]; then
        unpack "$tmp/src" "rust-web-src=$rustc"
        mkdir -p "$tmp/rust/usr/lib/rustlib/src/rust"
        mv "$tmp"/src/usr/src/rustc-*/library "$tmp/rust/usr/lib/rustlib/src/rust/"
    fi
    rm -rf "$tmp/rust/usr/share" "$folder/rust"
    mv "$tmp/rust" "$folder/rust"
    for name in rustc rustdoc; do
        # Its libraries lie beside it rather than where the system looks.
        printf '#!/bin/sh\nLD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "%s" "$@"\n' \
            "$folder/rust/usr/lib/x86_64-linux-gnu" "$folder/rust/usr/bin/$name" >"$folder/bin/$name"
        chmod +x "$folder/bin/$name"
    done
    for name in "${missing[@]}"; do build_std "$name"; done
}

rustc=rustc
if [ "${PREFAB_CROSS_RUST:-}" = debian ]; then
    unpack_rust
    rustc=$folder/bin/rustc
elif ! has_std rustc; then
    # shellcheck disable=SC2046
    if ! timeout 600 rustup target add $(rust_names); then
        unpack_rust
        rustc=$folder/bin/rustc
    fi
fi

# -- qemu.

qemu_version() { "$1" --version | sed -nE 's/.* version ([0-9.]+).*/\1/p'; }
find_qemu() { # the path of a good qemu for the target $1
    local name
    for name in "$folder/bin/qemu-$1" "qemu-$1" "qemu-$1-static"; do
        name=$(command -v "$name") || continue
        if at_least "$(qemu_version "$name")" "$min_qemu"; then echo "$name" && return; fi
    done
    return 1
}
unpack_qemu() {
    if ! $is_debian; then
        die "qemu-user of at least $min_qemu is needed: install the package qemu-user or qemu-user-static" \
            "of a release that has one, or put qemu-aarch64 and qemu-riscv64 into the PATH"
    fi
    fetch_lists qemu amd64
    local version name
    version=$(versions qemu-user:amd64 | head -n 1)
    unpack "$tmp/qemu" "qemu-user:amd64=$version"
    for name in aarch64 riscv64; do install "$tmp/qemu/usr/bin/qemu-$name" "$folder/bin/"; done
}
for row in "${targets[@]}"; do
    find_qemu "${row##* }" >/dev/null || unpack_qemu
done

# -- What was found, written down and tried.

{
    echo "# $key"
    [ "$rustc" = rustc ] || printf "export RUSTC='%s'\nexport RUSTDOC='%s'\n" "$rustc" "$folder/bin/rustdoc"
    while read -r name _ gnu qemu; do
        upper=$(tr a-z- A-Z_ <<<"$name")
        printf "export CARGO_TARGET_%s_LINKER='%s-gcc'\n" "$upper" "$gnu"
        printf "export CARGO_TARGET_%s_RUNNER='%s -L /usr/%s'\n" "$upper" "$(find_qemu "$qemu")" "$gnu"
        printf "export CC_%s='%s-gcc'\nexport AR_%s='%s-ar'\n" "${name//-/_}" "$gnu" "${name//-/_}" "$gnu"
    done < <(printf '%s\n' "${targets[@]}")
} >"$tmp/env.sh"

echo 'fn main() { print!("{}", std::thread::spawn(|| std::env::consts::ARCH).join().unwrap()) }' >"$tmp/arch.rs"
for row in "${targets[@]}"; do
    read -r name _ gnu qemu <<<"$row"
    "$rustc" --target "$name" -C linker="$gnu-gcc" -o "$tmp/arch" "$tmp/arch.rs"
    said=$("$(find_qemu "$qemu")" -L "/usr/$gnu" "$tmp/arch") || true
    [ "$said" = "$qemu" ] || die "a program for $name does not run; it said: $said"
done
mv "$tmp/env.sh" "$folder/env.sh"
say "set up in $folder, with $("$rustc" --version) and qemu $(qemu_version "$(find_qemu riscv64)")"
