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
    /// The compiler's passes that were built on this program: "What was tried" in `docs/performance.md` gives its
    /// ratio as a reason to keep them. Such a program says little about programs that nobody has looked at.
    /// Whoever builds a pass on a program names the pass here.
    pub pass: Option<&'static str>,
    /// Part of the second set, which was added when all passes named in this file existed.
    pub is_second: bool,
}

impl Program {
    const fn built_on(mut self, pass: &'static str) -> Self {
        self.pass = Some(pass);
        self
    }
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
        pass: None,
        is_second: false,
    }
}

/// A program of the second set.
const fn second(name: &'static str, kind: &'static str, n: u32) -> Program {
    let mut program = own(name, kind, n);
    program.is_second = true;
    program
}

const fn package(name: &'static str, kind: &'static str, n: u32, package: Package) -> Program {
    Program {
        name,
        kind,
        n,
        source: Source::Package(package),
        pass: None,
        is_second: false,
    }
}

const fn vectors(name: &'static str, kind: &'static str, n: u32) -> Program {
    Program {
        name,
        kind,
        n,
        source: Source::OwnVectors,
        pass: None,
        is_second: false,
    }
}

/// All programs, in the order of the report.
pub static PROGRAMS: &[Program] = &[
    package(
        "lua",
        "interpreter",
        110,
        Package {
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
        },
    )
    .built_on("calls, inline"),
    package(
        "quickjs",
        "interpreter",
        65,
        Package {
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
        },
    )
    .built_on("calls"),
    package(
        "sqlite",
        "database",
        20000,
        Package {
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
        },
    )
    .built_on("calls"),
    package(
        "zstd",
        "compression",
        56,
        Package {
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
        },
    )
    .built_on("calls"),
    package(
        "zlib",
        "compression",
        26,
        Package {
            package: "libz-sys",
            folders: &["src/zlib"],
            only: &[],
            without: &["gzclose.c", "gzlib.c", "gzread.c", "gzwrite.c"],
            flags: &[],
        },
    )
    .built_on("widen"),
    package(
        "lz4",
        "compression",
        240,
        Package {
            package: "lz4-sys",
            folders: &["liblz4/lib"],
            only: &["lz4.c"],
            without: &[],
            flags: &[],
        },
    )
    .built_on("calls"),
    own("lz", "compression", 64).built_on("bulk"),
    own("json", "parser", 220).built_on("widen"),
    own("state", "parser", 450),
    own("strings", "text", 70).built_on("calls"),
    own("base64", "text", 1100).built_on("no-wrap sums, widen"),
    own("vm_switch", "br_table", 110),
    own("vm_calls", "call_indirect", 20000).built_on("calls, few, inline"),
    own("recursion", "calls", 120).built_on("inline"),
    own("queens", "search", 40).built_on("inline"),
    own("sudoku", "search", 24),
    own("sort", "sorting", 20),
    own("hashtable", "hashing", 2_500_000).built_on("no-wrap sums"),
    own("sha256", "hashing", 500),
    own("hash64", "64-bit", 10000),
    own("modpow", "64-bit", 200).built_on("narrow accesses"),
    own("crc32", "tables", 750),
    own("sieve", "memory", 90).built_on("bulk, narrow constants"),
    own("bulk", "bulk memory", 250_000),
    own("trees", "malloc", 4500).built_on("inline"),
    own("chase", "memory", 1_300_000),
    own("life", "branches", 800),
    own("gemm", "f64", 48).built_on("latch"),
    own("jacobi", "f64", 400),
    own("lu", "f64", 110).built_on("latch"),
    own("nbody", "f64", 700_000),
    own("spectral", "f64", 70),
    own("fft", "f64", 180).built_on("latch"),
    own("mandelbrot", "f64", 720),
    own("blur", "f32", 100).built_on("latch"),
    second("floyd", "big function", 18),
    second("nussinov", "big function", 18),
    second("2mm", "big function", 12),
    second("ludcmp", "big function", 52),
    second("gramschmidt", "big function", 31),
    second("jacobi2d", "big function", 76),
    second("seidel", "big function", 51),
    second("adi", "big function", 28),
    second("heat3d", "big function", 75),
    second("mainloop", "all inlined", 1400),
    second("edit", "dynamic programming", 12),
    second("knapsack", "dynamic programming", 180),
    second("optbst", "dynamic programming", 15),
    second("blake2s", "hashing", 6400),
    second("siphash", "64-bit", 500),
    second("floats", "parser", 1400),
    second("regex", "search", 45),
    second("paths", "search", 180),
    second("huffman", "compression", 80),
    second("table", "libc calls", 750),
    vectors("simd_float", "SIMD", 80).built_on("latch, widen"),
    vectors("simd_bytes", "SIMD", 6000),
];
