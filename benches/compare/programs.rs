//! The programs, as data: a new one is a file in `benches/programs` and a line here.

/// A program in C: what it is, and how much of it takes about a tenth of a second natively.
#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    /// What it is an example of.
    pub kind: &'static str,
    /// What `run` is called with. Work is in proportion to it.
    pub n: u32,
    /// What it is made of beside its own file.
    pub source: Source,
}

/// Where a program's code comes from.
#[derive(Debug)]
pub enum Source {
    /// One file of ours.
    Own,
    /// One file of ours that uses 128-bit vectors.
    OwnVectors,
    /// An application's sources, out of a package, and a driver of ours.
    Package(Package),
}

/// C sources in a package of crates.io.
#[derive(Debug)]
pub struct Package {
    pub package: &'static str,
    /// The folders whose C files are compiled, in the package's; the first is searched for headers.
    pub folders: &'static [&'static str],
    /// Only these files of the folders, if any are named.
    pub only: &'static [&'static str],
    /// Not these.
    pub without: &'static [&'static str],
    pub flags: &'static [&'static str],
}

const fn own(name: &'static str, kind: &'static str, n: u32) -> Program {
    Program {
        name,
        kind,
        n,
        source: Source::Own,
    }
}

const fn vectors(name: &'static str, kind: &'static str, n: u32) -> Program {
    Program {
        name,
        kind,
        n,
        source: Source::OwnVectors,
    }
}

/// All programs, in the order of the report.
pub static PROGRAMS: &[Program] = &[
    Program {
        name: "lua",
        kind: "interpreter",
        n: 110,
        source: Source::Package(Package {
            package: "lua-src",
            folders: &["lua-5.4.7"],
            only: &[],
            without: &[
                "lua.c",
                "luac.c",
                "onelua.c",
                "ltests.c",
                "linit.c",
                "loslib.c",
                "liolib.c",
                "loadlib.c",
                "ldblib.c",
                "lcorolib.c",
                "lutf8lib.c",
            ],
            flags: &["-include", "lua_config.h"],
        }),
    },
    Program {
        name: "quickjs",
        kind: "interpreter",
        n: 65,
        source: Source::Package(Package {
            package: "rquickjs-sys",
            folders: &["quickjs"],
            only: &[
                "quickjs.c",
                "libregexp.c",
                "libunicode.c",
                "cutils.c",
                "libbf.c",
            ],
            without: &[],
            flags: &["-D_GNU_SOURCE"],
        }),
    },
    Program {
        name: "sqlite",
        kind: "database",
        n: 20000,
        source: Source::Package(Package {
            package: "libsqlite3-sys",
            folders: &["sqlite3"],
            only: &["sqlite3.c"],
            without: &[],
            flags: &[
                "-DSQLITE_THREADSAFE=0",
                "-DSQLITE_OMIT_LOAD_EXTENSION",
                "-DSQLITE_DEFAULT_MEMSTATUS=0",
                "-DSQLITE_TEMP_STORE=3",
                "-DSQLITE_OMIT_LOCALTIME",
                "-DSQLITE_OMIT_WAL",
                "-DSQLITE_OS_OTHER=1",
            ],
        }),
    },
    Program {
        name: "zstd",
        kind: "compression",
        n: 56,
        source: Source::Package(Package {
            package: "zstd-sys",
            folders: &[
                "zstd/lib",
                "zstd/lib/common",
                "zstd/lib/compress",
                "zstd/lib/decompress",
            ],
            only: &[],
            without: &[],
            flags: &["-DZSTD_DISABLE_ASM"],
        }),
    },
    Program {
        name: "zlib",
        kind: "compression",
        n: 26,
        source: Source::Package(Package {
            package: "libz-sys",
            folders: &["src/zlib"],
            only: &[],
            without: &["gzclose.c", "gzlib.c", "gzread.c", "gzwrite.c"],
            flags: &[],
        }),
    },
    Program {
        name: "lz4",
        kind: "compression",
        n: 240,
        source: Source::Package(Package {
            package: "lz4-sys",
            folders: &["liblz4/lib"],
            only: &["lz4.c"],
            without: &[],
            flags: &[],
        }),
    },
    own("lz", "compression", 64),
    own("json", "parser", 220),
    own("state", "parser", 450),
    own("strings", "text", 70),
    own("base64", "text", 1100),
    own("vm_switch", "br_table", 110),
    own("vm_calls", "call_indirect", 20000),
    own("recursion", "calls", 120),
    own("queens", "search", 40),
    own("sudoku", "search", 24),
    own("sort", "sorting", 20),
    own("hashtable", "hashing", 2_500_000),
    own("sha256", "hashing", 500),
    own("hash64", "64-bit", 10000),
    own("modpow", "64-bit", 200),
    own("crc32", "tables", 750),
    own("sieve", "memory", 90),
    own("bulk", "bulk memory", 250_000),
    own("trees", "malloc", 4500),
    own("chase", "memory", 1_300_000),
    own("life", "branches", 800),
    own("gemm", "f64", 48),
    own("jacobi", "f64", 400),
    own("lu", "f64", 110),
    own("nbody", "f64", 700_000),
    own("spectral", "f64", 70),
    own("fft", "f64", 180),
    own("mandelbrot", "f64", 720),
    own("blur", "f32", 100),
    own("floyd", "big function", 18),
    own("nussinov", "big function", 18),
    own("2mm", "big function", 12),
    own("ludcmp", "big function", 52),
    own("gramschmidt", "big function", 31),
    own("jacobi2d", "big function", 76),
    own("seidel", "big function", 51),
    own("adi", "big function", 28),
    own("heat3d", "big function", 75),
    own("mainloop", "all inlined", 1400),
    own("edit", "tables", 12),
    own("knapsack", "tables", 180),
    own("optbst", "tables", 15),
    own("blake2s", "hashing", 6400),
    own("siphash", "64-bit", 500),
    own("floats", "parser", 1400),
    own("regex", "search", 45),
    own("paths", "search", 180),
    own("huffman", "compression", 80),
    vectors("simd_float", "SIMD", 80),
    vectors("simd_bytes", "SIMD", 6000),
];
