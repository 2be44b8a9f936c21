//! AES's S-box (FIPS 197, section 5.1.1) as circuits of ANDs and XORs on bits: its meaning, and the forms that templates take.
//!
//! Both are of Boyar and Peralta: the smaller from "A new combinational logic minimization technique with applications to cryptology"
//! (2010), the shallower from "A small depth-16 circuit for the AES S-box" (2012). Bit 0 of their names is the highest.

use crate::value::Word;

/// What gates are made of.
pub trait Gates {
    /// A bit.
    type Bit: Copy;
    /// Exclusive or.
    fn xor(&mut self, a: Self::Bit, b: Self::Bit) -> Self::Bit;
    /// And.
    fn and(&mut self, a: Self::Bit, b: Self::Bit) -> Self::Bit;
}

/// The S-box but for the XOR with [`CONSTANT`], highest bit first: 32 ANDs in six levels.
#[rustfmt::skip]
pub fn small<G: Gates>(g: &mut G, x: [G::Bit; 8]) -> [G::Bit; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let y14 = g.xor(x3, x5);
    let y13 = g.xor(x0, x6);
    let y9 = g.xor(x0, x3);
    let y8 = g.xor(x0, x5);
    let t0 = g.xor(x1, x2);
    let y1 = g.xor(t0, x7);
    let y4 = g.xor(y1, x3);
    let y12 = g.xor(y13, y14);
    let y2 = g.xor(y1, x0);
    let y5 = g.xor(y1, x6);
    let y3 = g.xor(y5, y8);
    let t1 = g.xor(x4, y12);
    let y15 = g.xor(t1, x5);
    let y20 = g.xor(t1, x1);
    let y6 = g.xor(y15, x7);
    let y10 = g.xor(y15, t0);
    let y11 = g.xor(y20, y9);
    let y7 = g.xor(x7, y11);
    let y17 = g.xor(y10, y11);
    let y19 = g.xor(y10, y8);
    let y16 = g.xor(t0, y11);
    let y21 = g.xor(y13, y16);
    let y18 = g.xor(x0, y16);
    let t2 = g.and(y12, y15);
    let t3 = g.and(y3, y6);
    let t4 = g.xor(t3, t2);
    let t5 = g.and(y4, x7);
    let t6 = g.xor(t5, t2);
    let t7 = g.and(y13, y16);
    let t8 = g.and(y5, y1);
    let t9 = g.xor(t8, t7);
    let t10 = g.and(y2, y7);
    let t11 = g.xor(t10, t7);
    let t12 = g.and(y9, y11);
    let t13 = g.and(y14, y17);
    let t14 = g.xor(t13, t12);
    let t15 = g.and(y8, y10);
    let t16 = g.xor(t15, t12);
    let t17 = g.xor(t4, y20);
    let t18 = g.xor(t6, t16);
    let t19 = g.xor(t9, t14);
    let t20 = g.xor(t11, t16);
    let t21 = g.xor(t17, t14);
    let t22 = g.xor(t18, y19);
    let t23 = g.xor(t19, y21);
    let t24 = g.xor(t20, y18);
    let t25 = g.xor(t21, t22);
    let t26 = g.and(t21, t23);
    let t27 = g.xor(t24, t26);
    let t28 = g.and(t25, t27);
    let t29 = g.xor(t28, t22);
    let t30 = g.xor(t23, t24);
    let t31 = g.xor(t22, t26);
    let t32 = g.and(t31, t30);
    let t33 = g.xor(t32, t24);
    let t34 = g.xor(t23, t33);
    let t35 = g.xor(t27, t33);
    let t36 = g.and(t24, t35);
    let t37 = g.xor(t36, t34);
    let t38 = g.xor(t27, t36);
    let t39 = g.and(t29, t38);
    let t40 = g.xor(t25, t39);
    let t41 = g.xor(t40, t37);
    let t42 = g.xor(t29, t33);
    let t43 = g.xor(t29, t40);
    let t44 = g.xor(t33, t37);
    let t45 = g.xor(t42, t41);
    let z0 = g.and(t44, y15);
    let z1 = g.and(t37, y6);
    let z2 = g.and(t33, x7);
    let z3 = g.and(t43, y16);
    let z4 = g.and(t40, y1);
    let z5 = g.and(t29, y7);
    let z6 = g.and(t42, y11);
    let z7 = g.and(t45, y17);
    let z8 = g.and(t41, y10);
    let z9 = g.and(t44, y12);
    let z10 = g.and(t37, y3);
    let z11 = g.and(t33, y4);
    let z12 = g.and(t43, y13);
    let z13 = g.and(t40, y5);
    let z14 = g.and(t29, y2);
    let z15 = g.and(t42, y9);
    let z16 = g.and(t45, y14);
    let z17 = g.and(t41, y8);
    let t46 = g.xor(z15, z16);
    let t47 = g.xor(z10, z11);
    let t48 = g.xor(z5, z13);
    let t49 = g.xor(z9, z10);
    let t50 = g.xor(z2, z12);
    let t51 = g.xor(z2, z5);
    let t52 = g.xor(z7, z8);
    let t53 = g.xor(z0, z3);
    let t54 = g.xor(z6, z7);
    let t55 = g.xor(z16, z17);
    let t56 = g.xor(z12, t48);
    let t57 = g.xor(t50, t53);
    let t58 = g.xor(z4, t46);
    let t59 = g.xor(z3, t54);
    let t60 = g.xor(t46, t57);
    let t61 = g.xor(z14, t57);
    let t62 = g.xor(t52, t58);
    let t63 = g.xor(t49, t58);
    let t64 = g.xor(z4, t59);
    let t65 = g.xor(t61, t62);
    let t66 = g.xor(z1, t63);
    let s0 = g.xor(t59, t63);
    let s6 = g.xor(t56, t62);
    let s7 = g.xor(t48, t60);
    let t67 = g.xor(t64, t65);
    let s3 = g.xor(t53, t66);
    let s4 = g.xor(t51, t66);
    let s5 = g.xor(t47, t65);
    let s1 = g.xor(t64, s3);
    let s2 = g.xor(t55, t67);
    [s0, s1, s2, s3, s4, s5, s6, s7]
}

/// The S-box but for the XOR with [`CONSTANT`], highest bit first: 34 ANDs in four levels.
#[rustfmt::skip]
pub fn shallow<G: Gates>(g: &mut G, x: [G::Bit; 8]) -> [G::Bit; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let t1 = g.xor(x0, x3);
    let t2 = g.xor(x0, x5);
    let t3 = g.xor(x0, x6);
    let t4 = g.xor(x3, x5);
    let t5 = g.xor(x4, x6);
    let t6 = g.xor(t1, t5);
    let t7 = g.xor(x1, x2);
    let t8 = g.xor(x7, t6);
    let t9 = g.xor(x7, t7);
    let t10 = g.xor(t6, t7);
    let t11 = g.xor(x1, x5);
    let t12 = g.xor(x2, x5);
    let t13 = g.xor(t3, t4);
    let t14 = g.xor(t6, t11);
    let t15 = g.xor(t5, t11);
    let t16 = g.xor(t5, t12);
    let t17 = g.xor(t9, t16);
    let t18 = g.xor(x3, x7);
    let t19 = g.xor(t7, t18);
    let t20 = g.xor(t1, t19);
    let t21 = g.xor(x6, x7);
    let t22 = g.xor(t7, t21);
    let t23 = g.xor(t2, t22);
    let t24 = g.xor(t2, t10);
    let t25 = g.xor(t20, t17);
    let t26 = g.xor(t3, t16);
    let t27 = g.xor(t1, t12);
    let m1 = g.and(t13, t6);
    let m2 = g.and(t23, t8);
    let m3 = g.xor(t14, m1);
    let m4 = g.and(t19, x7);
    let m5 = g.xor(m4, m1);
    let m6 = g.and(t3, t16);
    let m7 = g.and(t22, t9);
    let m8 = g.xor(t26, m6);
    let m9 = g.and(t20, t17);
    let m10 = g.xor(m9, m6);
    let m11 = g.and(t1, t15);
    let m12 = g.and(t4, t27);
    let m13 = g.xor(m12, m11);
    let m14 = g.and(t2, t10);
    let m15 = g.xor(m14, m11);
    let m16 = g.xor(m3, m2);
    let m17 = g.xor(m5, t24);
    let m18 = g.xor(m8, m7);
    let m19 = g.xor(m10, m15);
    let m20 = g.xor(m16, m13);
    let m21 = g.xor(m17, m15);
    let m22 = g.xor(m18, m13);
    let m23 = g.xor(m19, t25);
    let m24 = g.xor(m22, m23);
    let m25 = g.and(m22, m20);
    let m26 = g.xor(m21, m25);
    let m27 = g.xor(m20, m21);
    let m28 = g.xor(m23, m25);
    let m29 = g.and(m28, m27);
    let m30 = g.and(m26, m24);
    let m31 = g.and(m20, m23);
    let m32 = g.and(m27, m31);
    let m33 = g.xor(m27, m25);
    let m34 = g.and(m21, m22);
    let m35 = g.and(m24, m34);
    let m36 = g.xor(m24, m25);
    let m37 = g.xor(m21, m29);
    let m38 = g.xor(m32, m33);
    let m39 = g.xor(m23, m30);
    let m40 = g.xor(m35, m36);
    let m41 = g.xor(m38, m40);
    let m42 = g.xor(m37, m39);
    let m43 = g.xor(m37, m38);
    let m44 = g.xor(m39, m40);
    let m45 = g.xor(m42, m41);
    let m46 = g.and(m44, t6);
    let m47 = g.and(m40, t8);
    let m48 = g.and(m39, x7);
    let m49 = g.and(m43, t16);
    let m50 = g.and(m38, t9);
    let m51 = g.and(m37, t17);
    let m52 = g.and(m42, t15);
    let m53 = g.and(m45, t27);
    let m54 = g.and(m41, t10);
    let m55 = g.and(m44, t13);
    let m56 = g.and(m40, t23);
    let m57 = g.and(m39, t19);
    let m58 = g.and(m43, t3);
    let m59 = g.and(m38, t22);
    let m60 = g.and(m37, t20);
    let m61 = g.and(m42, t1);
    let m62 = g.and(m45, t4);
    let m63 = g.and(m41, t2);
    let l0 = g.xor(m61, m62);
    let l1 = g.xor(m50, m56);
    let l2 = g.xor(m46, m48);
    let l3 = g.xor(m47, m55);
    let l4 = g.xor(m54, m58);
    let l5 = g.xor(m49, m61);
    let l6 = g.xor(m62, l5);
    let l7 = g.xor(m46, l3);
    let l8 = g.xor(m51, m59);
    let l9 = g.xor(m52, m53);
    let l10 = g.xor(m53, l4);
    let l11 = g.xor(m60, l2);
    let l12 = g.xor(m48, m51);
    let l13 = g.xor(m50, l0);
    let l14 = g.xor(m52, m61);
    let l15 = g.xor(m55, l1);
    let l16 = g.xor(m56, l0);
    let l17 = g.xor(m57, l1);
    let l18 = g.xor(m58, l8);
    let l19 = g.xor(m63, l4);
    let l20 = g.xor(l0, l1);
    let l21 = g.xor(l1, l7);
    let l22 = g.xor(l3, l12);
    let l23 = g.xor(l18, l2);
    let l24 = g.xor(l15, l9);
    let l25 = g.xor(l6, l10);
    let l26 = g.xor(l7, l9);
    let l27 = g.xor(l8, l10);
    let l28 = g.xor(l11, l14);
    let l29 = g.xor(l11, l17);
    let s0 = g.xor(l6, l24);
    let s1 = g.xor(l16, l26);
    let s2 = g.xor(l19, l28);
    let s3 = g.xor(l6, l21);
    let s4 = g.xor(l20, l22);
    let s5 = g.xor(l25, l29);
    let s6 = g.xor(l13, l27);
    let s7 = g.xor(l6, l23);
    [s0, s1, s2, s3, s4, s5, s6, s7]
}

/// What the S-box adds at its end.
pub const CONSTANT: Word = 0x63;

/// Bits of words, in their lowest place.
struct Words;

impl Gates for Words {
    type Bit = Word;
    fn xor(&mut self, a: Word, b: Word) -> Word {
        a ^ b
    }
    fn and(&mut self, a: Word, b: Word) -> Word {
        a & b
    }
}

/// The S-box of a byte, in steps that it does not decide.
pub fn sub_byte(byte: Word) -> Word {
    let bits = std::array::from_fn(|i| byte >> (7 - i) & 1);
    let out = small(&mut Words, bits);
    out.iter().fold(0, |word, bit| word << 1 | bit) ^ CONSTANT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product in AES's field.
    fn times(mut a: Word, mut b: Word) -> Word {
        let mut product = 0;
        while b != 0 {
            product ^= if b & 1 == 1 { a } else { 0 };
            a = if a & 0x80 == 0 {
                a << 1
            } else {
                a << 1 ^ 0x11b
            };
            b >>= 1;
        }
        product
    }

    /// The inverse, and bits of it and of its rotations added.
    fn definition(byte: Word) -> Word {
        let inverse = (0..254).fold(1, |power, _| times(power, byte));
        let rotated = |by: u32| (inverse << by | inverse >> (8 - by)) & 0xff;
        (1..5).fold(inverse, |sum, by| sum ^ rotated(by)) ^ 0x63
    }

    #[test]
    fn both_circuits_are_the_s_box() {
        for byte in 0..256 {
            let bits = std::array::from_fn(|i| byte >> (7 - i) & 1);
            let out = shallow(&mut Words, bits);
            let other = out.iter().fold(0, |word, bit| word << 1 | bit) ^ CONSTANT;
            assert_eq!([sub_byte(byte), other], [definition(byte); 2]);
        }
    }
}
