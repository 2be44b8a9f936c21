//! Hides words and memory from the optimiser, so that it concludes nothing from how a word came about and leaves out nothing that is
//! written to memory.
//!
//! It stands by itself, below masks and so below all that secrets choose: besides the kernels in `simd` it is the only unsafe code.

/// The same word, of which the compiler knows nothing any more: what it had found out about the operand, such as that it is all
/// ones or all zeros, it cannot use for what is done with the result. Costs no instruction where the architecture has assembly.
#[inline(always)]
#[allow(unsafe_code)]
pub fn opaque(word: u64) -> u64 {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        let mut word = word;
        // SAFETY: there is no instruction; the register stays as it is.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) word, options(pure, nomem, nostack, preserves_flags));
        }
        word
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    std::hint::black_box(word)
}

/// Memory as if something unknown read it here: what was written to it before has been written, also where it is freed at once. Costs
/// no instruction where the architecture has assembly.
#[inline(always)]
#[allow(unsafe_code)]
pub fn observed<T>(memory: &mut [T]) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: there is no instruction. That it may read memory is what is said by the absence of `nomem`.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) memory.as_mut_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    std::hint::black_box(memory);
}
