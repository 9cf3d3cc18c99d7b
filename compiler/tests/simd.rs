//! Every vector operator lowers on every target, optimised or not, with vector instructions and
//! without.

use prefab_compiler::{OptLevel, Options, compile};
use prefab_targets::{FeatureSet, Target};
use std::collections::BTreeSet;

/// The operators of one signature: operands, result, names with their immediates.
struct Group {
    operands: &'static str,
    result: &'static str,
    names: &'static str,
}

const fn group(operands: &'static str, result: &'static str, names: &'static str) -> Group {
    Group {
        operands,
        result,
        names,
    }
}

/// All operators; an immediate is joined to its operator's name by `:`.
const GROUPS: &[Group] = &[
    group(
        "i32",
        "v128",
        "v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s
         v128.load32x2_u v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat
         v128.load32_zero v128.load64_zero i8x16.splat i16x8.splat i32x4.splat",
    ),
    group(
        "i32 v128",
        "v128",
        "v128.load8_lane:15 v128.load16_lane:7 v128.load32_lane:3 v128.load64_lane:1",
    ),
    group(
        "i32 v128",
        "",
        "v128.store v128.store8_lane:15 v128.store16_lane:7 v128.store32_lane:3
         v128.store64_lane:1",
    ),
    group("", "v128", "v128.const:i64x2:0x0123456789abcdef:-2"),
    group("i64", "v128", "i64x2.splat"),
    group("f32", "v128", "f32x4.splat"),
    group("f64", "v128", "f64x2.splat"),
    group(
        "v128 i32",
        "v128",
        "i8x16.replace_lane:15 i16x8.replace_lane:7 i32x4.replace_lane:3",
    ),
    group("v128 i64", "v128", "i64x2.replace_lane:1"),
    group("v128 f32", "v128", "f32x4.replace_lane:3"),
    group("v128 f64", "v128", "f64x2.replace_lane:1"),
    group(
        "v128",
        "i32",
        "i8x16.extract_lane_s:15 i8x16.extract_lane_u:15 i16x8.extract_lane_s:7
         i16x8.extract_lane_u:7 i32x4.extract_lane:3 v128.any_true i8x16.all_true i16x8.all_true
         i32x4.all_true i64x2.all_true i8x16.bitmask i16x8.bitmask i32x4.bitmask i64x2.bitmask",
    ),
    group("v128", "i64", "i64x2.extract_lane:1"),
    group("v128", "f32", "f32x4.extract_lane:3"),
    group("v128", "f64", "f64x2.extract_lane:1"),
    group("v128 v128 v128", "v128", "v128.bitselect"),
    group(
        "v128",
        "v128",
        "v128.not i8x16.abs i8x16.neg i8x16.popcnt i16x8.abs i16x8.neg i32x4.abs i32x4.neg
         i64x2.abs i64x2.neg
         i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u
         i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
         i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s
         i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u
         i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s
         i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u
         i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s
         i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u
         f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest f32x4.abs f32x4.neg f32x4.sqrt
         f64x2.ceil f64x2.floor f64x2.trunc f64x2.nearest f64x2.abs f64x2.neg f64x2.sqrt
         i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u
         i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero
         f32x4.convert_i32x4_s f32x4.convert_i32x4_u
         f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
         f32x4.demote_f64x2_zero f64x2.promote_low_f32x4",
    ),
    group(
        "v128 i32",
        "v128",
        "i8x16.shl i8x16.shr_s i8x16.shr_u i16x8.shl i16x8.shr_s i16x8.shr_u
         i32x4.shl i32x4.shr_s i32x4.shr_u i64x2.shl i64x2.shr_s i64x2.shr_u",
    ),
    group(
        "v128 v128",
        "v128",
        "i8x16.shuffle:0:31:1:30:2:29:3:28:4:27:5:26:6:25:7:24 i8x16.swizzle
         i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u
         i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
         i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u
         i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
         i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u
         i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u
         i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
         f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge
         f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge
         v128.and v128.andnot v128.or v128.xor
         i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u
         i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u
         i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u i8x16.avgr_u
         i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u
         i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u i16x8.avgr_u
         i16x8.mul i16x8.q15mulr_sat_s
         i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s
         i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u
         i32x4.add i32x4.sub i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u
         i32x4.dot_i16x8_s i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s
         i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u
         i64x2.add i64x2.sub i64x2.mul i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s
         i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u
         f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax
         f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax",
    ),
];

/// How many vector operators WebAssembly 2.0 has.
const OPERATORS: usize = 236;

/// The name of each operator, and a module that applies it to its parameters.
fn modules() -> Vec<(&'static str, Vec<u8>)> {
    let module = |group: &Group, name: &str| {
        let operator = name.replace(':', " ");
        let gets: String = (0..group.operands.split_whitespace().count())
            .map(|index| format!("local.get {index} "))
            .collect();
        let text = format!(
            "(module (memory 1) (func (export \"f\") (param {}) (result {}) {gets} {operator}))",
            group.operands, group.result
        );
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let of_group = |group: &'static Group| {
        let names = group.names.split_whitespace();
        names.map(move |name| (name, module(group, name)))
    };
    GROUPS.iter().flat_map(of_group).collect()
}

/// What every CPU of a target has, the default CPU first.
fn feature_sets(target: &'static Target) -> Vec<FeatureSet> {
    let cpus = target.features().cpus.iter();
    let sets = cpus.map(|cpu| FeatureSet::parse(target, Some(cpu.name), None).unwrap());
    sets.collect()
}

#[test]
fn every_operator_is_listed() {
    let names: BTreeSet<_> = modules().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), OPERATORS);
}

/// What does not compile.
fn failures(
    modules: &[(&str, Vec<u8>)],
    features: FeatureSet,
    opt_level: OptLevel,
    scalar: bool,
) -> Vec<String> {
    let mut options = Options::new(features.target());
    options.features = features;
    options.opt_level = opt_level;
    options.scalar_vectors = scalar;
    options.jobs = Some(1);
    options.verifier = true;
    let failure = |(name, wasm): &(&str, Vec<u8>)| {
        let error = compile(wasm, &options, &|_, _| ()).err()?;
        let target = features.target();
        let features: Vec<_> = features.names().collect();
        Some(format!(
            "{name} for {target} with {features:?} at {opt_level:?}: {error}"
        ))
    };
    modules.iter().filter_map(failure).collect()
}

#[test]
fn every_operator_lowers() {
    let modules = modules();
    let mut failed = Vec::new();
    for target in Target::ALL.iter().copied() {
        let sets = feature_sets(target);
        let default = sets[0];
        for scalar in [false, true] {
            failed.extend(failures(&modules, default, OptLevel::O0, scalar));
        }
        failed.extend(failures(&modules, default, OptLevel::O2, true));
        for features in sets {
            failed.extend(failures(&modules, features, OptLevel::O2, false));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
