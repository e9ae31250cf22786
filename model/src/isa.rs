//! Which vector instructions this processor has, and functions compiled once for each answer.

/// Vector instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 512 bits, 32 registers.
    Avx512,
    /// 256 bits, 16 registers, fused multiply-add.
    Avx2,
    /// What every processor of the target has.
    Baseline,
}

impl Isa {
    /// The best that this processor has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
            {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }

    /// Those that this processor has, for tests that compare them.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        match Self::detect() {
            Self::Avx512 => vec![Self::Avx512, Self::Avx2, Self::Baseline],
            Self::Avx2 => vec![Self::Avx2, Self::Baseline],
            Self::Baseline => vec![Self::Baseline],
        }
    }
}

/// `a * b + c`, rounded once where the machine has an instruction for that.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Compiles a function once per [`Isa`], with the constants `FMA` (fused multiply-add is one instruction), `SPLIT` (there
/// are few registers) and `TWELVE` (there are many) in scope, and makes a function of the same name that takes the `Isa`
/// as its last argument.
macro_rules! by_isa {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        $vis fn $name($($arg: $type,)* isa: $crate::isa::Isa) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            #[allow(dead_code)]
            fn avx512($($arg: $type),*) {
                const FMA: bool = true;
                const SPLIT: bool = false;
                const TWELVE: bool = true;
                $body
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            #[allow(dead_code)]
            fn avx2($($arg: $type),*) {
                const FMA: bool = true;
                const SPLIT: bool = true;
                const TWELVE: bool = false;
                $body
            }

            #[allow(dead_code)]
            fn baseline($($arg: $type),*) {
                const FMA: bool = cfg!(target_arch = "aarch64");
                const SPLIT: bool = true;
                const TWELVE: bool = false;
                $body
            }

            #[allow(unsafe_code)]
            match isa {
                // SAFETY: an `Isa` says what `Isa::detect` found, or less.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Isa::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Isa::Avx2 => unsafe { avx2($($arg),*) },
                _ => baseline($($arg),*),
            }
        }
    };
}
pub(crate) use by_isa;
