//! exp and ln in single precision, in IEEE operations of double precision.
//!
//! The C library's have other bits on other systems and, where it has code of its own for a CPU, on
//! other CPUs. These are the algorithms of Arm's Optimized Routines (Szabolcs Nagy, MIT licence),
//! which glibc has taken over: the bits are those of glibc on a CPU with fused multiply-adds, for every
//! float.

/// 2^(i/32), rounded correctly.
const POWERS: [f64; 32] = [
    1.0,
    1.021_897_148_654_116_6,
    1.044_273_782_427_413_8,
    1.067_140_400_676_823_7,
    1.090_507_732_665_257_7,
    1.114_386_742_595_892_4,
    1.138_788_634_756_691_6,
    1.163_724_858_777_577_5,
    1.189_207_115_002_721,
    1.215_247_359_980_469,
    1.241_857_812_073_484,
    1.269_050_957_191_733_2,
    1.296_839_554_651_009_6,
    1.325_236_643_159_741_3,
    1.354_255_546_936_892_7,
    1.383_909_881_963_832,
    std::f64::consts::SQRT_2,
    1.445_180_806_977_046_7,
    1.476_826_145_939_499_3,
    1.509_164_427_593_422_8,
    1.542_210_825_407_940_7,
    1.575_980_845_107_886_5,
    1.610_490_331_949_254_3,
    1.645_755_478_153_965,
    1.681_792_830_507_429,
    1.718_619_298_122_478,
    1.756_252_160_373_299_5,
    1.794_709_075_003_107_2,
    1.834_008_086_409_342_4,
    1.874_167_634_110_3,
    1.915_206_561_397_147_4,
    1.957_144_124_175_400_2,
];

/// exp x, within 0.502 units in the last place; NaN for NaN.
///
/// With k = 32 x / ln 2 rounded to an integer and the rest r, |r| ≤ 1/2: exp x = 2^(k/32) 2^(r/32).
pub fn exp(x: f32) -> f32 {
    // Here a double has no fraction: the sum rounds to an integer, held in the low bits.
    const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
    const SCALE: f64 = 32. * std::f64::consts::LOG2_E;
    // 2^(r/32) − 1 as a polynomial without its constant. Highest power first.
    const POLYNOMIAL: [f64; 3] =
        [1.693_835_925_092_021_2e-6, 0.000_234_598_097_895_090_04, 0.021_660_849_396_613_134];
    if x.is_nan() {
        return x;
    }
    // Beyond these bounds the result is 0 or infinite; within them it has an exponent as a double.
    let x = f64::from(x.clamp(-104., 89.));
    let rounded = SCALE * x + ROUND;
    let k = rounded.to_bits();
    let r = SCALE.mul_add(x, ROUND - rounded);
    let power = POWERS[(k % 32) as usize].to_bits().wrapping_add(k >> 5 << 52);
    let [a, b, c] = POLYNOMIAL;
    let y = (a * r + b) * (r * r) + (c * r + 1.);
    (y * f64::from_bits(power)) as f32
}

/// 1 / c and ln c for some c in the middle of each sixteenth of [0.7, 1.4), roughly: 1 / c is a double of
/// which c has few digits.
const LOGARITHMS: [[f64; 2]; 16] = [
    [1.398_907_162_146_528, -0.335_691_333_328_822_84],
    [1.340_314_189_663_799_8, -0.292_904_056_377_407_4],
    [1.286_432_210_124_115, -0.251_872_658_093_736_9],
    [1.236_715_021_426_989_5, -0.212_458_688_071_172_55],
    [1.190_697_716_671_175_2, -0.174_539_451_837_456_34],
    [1.147_982_102_055_642_9, -0.138_005_707_231_975_8],
    [1.108_225_144_827_215_8, -0.102_759_766_985_451_39],
    [1.071_129_741_305_738_1, -0.068_713_924_470_205_25],
    [1.036_437_278_977_283, -0.035_789_138_739_822_8],
    [1.0, 0.0],
    [0.949_285_979_573_905_7, 0.052_045_177_429_294_96],
    [0.895_104_942_860_900_4, 0.110_814_312_987_879_42],
    [0.847_682_162_035_110_3, 0.165_249_522_369_514_3],
    [0.805_031_485_169_200_1, 0.216_873_890_316_999_77],
    [0.766_467_100_884_310_8, 0.265_963_502_812_139_7],
    [0.731_428_603_316_328, 0.312_755_666_407_355_7],
];

/// ln x for a positive number that is not subnormal, within 0.818 units in the last place; NaN for NaN.
///
/// With x = 2^k z and z near c: ln x = k ln 2 + ln c + ln(1 + r), r = z / c − 1.
pub fn ln(x: f32) -> f32 {
    // Where the first sixteenth begins, as bits.
    const BEGIN: u32 = 0x3f33_0000;
    // ln(1 + r) − r. Highest power first.
    const POLYNOMIAL: [f64; 3] =
        [-0.250_893_422_142_371_54, 0.333_456_765_744_066, -0.499_999_748_580_210_3];
    if x.is_nan() || x == f32::INFINITY {
        return x;
    }
    let place = x.to_bits().wrapping_sub(BEGIN);
    let k = place as i32 >> 23;
    let z = f32::from_bits(x.to_bits().wrapping_sub((k as u32) << 23));
    let [inverse, ln_c] = LOGARITHMS[(place >> 19) as usize % 16];
    let r = f64::from(z) * inverse - 1.;
    let [a, b, c] = POLYNOMIAL;
    let square = r * r;
    let tail = (a * square + (b * r + c)) * square;
    (tail + ((ln_c + f64::from(k) * std::f64::consts::LN_2) + r)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error in units in the last place of `expected`, which is rounded for the result.
    fn units(found: f32, expected: f64) -> f64 {
        let unit =
            f64::from(f32::from_bits((expected as f32).to_bits() + 1)) - f64::from(expected as f32);
        (f64::from(found) - expected).abs() / unit
    }

    #[test]
    fn both_are_within_their_error_everywhere() {
        for i in 0..200_000 {
            let x = i as f32 * 1e-3 * 0.44;
            for x in [x, -x, x * 1e-4] {
                assert!(units(exp(x), f64::from(x).exp()) < 0.503, "exp({x}) is not {}", exp(x));
            }
            for x in [1. + x, 1. / (1. + x), 1. + x * 1e-4, 1e-30 * (1. + x)] {
                let (found, expected) = (ln(x), f64::from(x).ln().abs());
                assert!(units(found.abs(), expected) < 0.82, "ln({x}) is not {found}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!((exp(0.), exp(-0.), ln(1.)), (1., 1., 0.));
        assert_eq!((exp(88.), exp(88.8)), (1.651_636_3e38, f32::INFINITY));
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        // The smallest subnormal number, and half of it.
        assert_eq!((exp(-103.2), exp(-104.), exp(f32::NEG_INFINITY)), (f32::from_bits(1), 0., 0.));
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
        // Where sums of products have other bits than fused multiply-adds.
        assert_eq!((exp(-63.099_46), exp(32.564_632)), (3.946_866_7e-28, 1.388_801_5e14));
    }

    /// Every 997th float; all of them were compared once, in 20 seconds.
    #[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
    #[test]
    fn the_bits_are_those_of_the_c_library() {
        if !std::is_x86_feature_detected!("fma") {
            println!("skipped: the C library takes other code without fused multiply-adds");
            return;
        }
        for bits in (0..=u32::MAX).step_by(997) {
            let x = f32::from_bits(bits);
            if !x.is_nan() {
                assert_eq!(exp(x).to_bits(), x.exp().to_bits(), "{x}");
            }
            if x >= f32::MIN_POSITIVE {
                assert_eq!(ln(x).to_bits(), x.ln().to_bits(), "{x}");
            }
        }
    }
}
