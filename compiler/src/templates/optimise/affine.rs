//! Functions of few variables with few ANDs, up to affine maps of the inputs and sums of inputs at the output.
//!
//! XOR is free, so a function costs what its affine class costs. Of four variables there are eight classes (and 2,048
//! functions up to sums of inputs); each has a representative below with as many ANDs as its degree, or its rank if it is
//! quadratic, asks for, and the table of all functions is made from those by elementary maps. Functions of five
//! variables are split by a linear form `l`, the best of all 31, with both halves from the table:
//!
//! ```text
//! f = h ⊕ l·g     g, h without l; g alike h: one AND more than h
//! ```

use std::sync::OnceLock;

/// The most variables.
pub(super) const MOST_VARIABLES: u32 = 5;

/// The truth table of each variable.
const VARIABLES: [u32; 5] = [
    0xaaaa_aaaa,
    0xcccc_cccc,
    0xf0f0_f0f0,
    0xff00_ff00,
    0xffff_0000,
];

/// A sum of variables, of earlier ANDs of the circuit, and perhaps one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub variables: u8,
    pub ands: u8,
    pub one: bool,
}

impl Form {
    const fn of(variables: u8, ands: u8) -> Self {
        Self {
            variables,
            ands,
            one: false,
        }
    }
}

/// A circuit of few variables: the operands of each AND, and the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Circuit {
    pub ands: Vec<(Form, Form)>,
    pub out: Form,
}

impl Circuit {
    /// The truth table.
    fn table(&self) -> u32 {
        let mut ands = Vec::with_capacity(self.ands.len());
        let value = |form: &Form, ands: &[u32]| {
            let ands = (ands.iter().enumerate())
                .filter(|(i, _)| form.ands >> i & 1 == 1)
                .map(|(_, &v)| v);
            let one = if form.one { u32::MAX } else { 0 };
            ands.fold(one ^ linear_table(form.variables), |x, y| x ^ y)
        };
        for (x, y) in &self.ands {
            let and = value(x, &ands) & value(y, &ands);
            ands.push(and);
        }
        value(&self.out, &ands)
    }

    /// The same with variable `i` replaced by a form of variables alone.
    fn substitute(&mut self, i: u32, by: Form) {
        let forms = (self.ands.iter_mut()).flat_map(|(x, y)| [x, y]);
        for form in forms.chain([&mut self.out]) {
            if form.variables >> i & 1 == 1 {
                form.variables ^= 1 << i;
                form.variables ^= by.variables;
                form.one ^= by.one;
            }
        }
    }

    /// Adds what makes the result `table`, from which it differs by an affine function.
    fn correct(&mut self, table: u32) {
        let monomials = moebius(self.table() ^ table);
        self.out.one ^= monomials & 1 == 1;
        for i in 0..MOST_VARIABLES {
            self.out.variables ^= ((monomials >> (1 << i) & 1) as u8) << i;
        }
    }
}

/// From a truth table to the coefficients of the monomials (bit `m` for the product of the variables in `m`), and back.
fn moebius(mut table: u32) -> u32 {
    for (i, variable) in VARIABLES.iter().enumerate() {
        table ^= table << (1 << i) & variable;
    }
    table
}

/// The monomials of degree two and more.
const CURVED: u32 = !0x0001_0117;

/// A function of at most five variables, as few ANDs as are known for it, and how many that is.
pub(super) fn circuit(table: u32) -> Circuit {
    let monomials = moebius(table) & CURVED;
    let mut circuit = if monomials >> 16 == 0 {
        four().circuits[index(monomials)].clone()
    } else {
        five(table)
    };
    circuit.correct(table);
    circuit
}

/// The truth table of a sum of variables.
pub(super) fn linear_table(variables: u8) -> u32 {
    (VARIABLES.iter().enumerate())
        .filter(|(i, _)| variables >> i & 1 == 1)
        .fold(0, |sum, (_, &v)| sum ^ v)
}

/// No circuit of the function has fewer ANDs: a product of `d` variables takes `d − 1`.
pub(super) fn least(table: u32) -> usize {
    let monomials = moebius(table);
    let of_degree = |d: u32| DEGREES[d as usize] & monomials != 0;
    (2..=5)
        .rev()
        .find(|&d| of_degree(d))
        .map_or(0, |d| d as usize - 1)
}

/// The monomials of each degree.
const DEGREES: [u32; 6] = [
    0x0000_0001,
    0x0001_0116,
    0x0116_1668,
    0x1668_6880,
    0x6880_8000,
    0x8000_0000,
];

/// How many ANDs [`circuit`] has for this table.
pub(super) fn n_and(table: u32) -> usize {
    let monomials = moebius(table) & CURVED;
    if monomials >> 16 == 0 {
        four().circuits[index(monomials)].ands.len()
    } else {
        best_split(table).1
    }
}

/// All functions of four variables up to affine ones.
struct Four {
    /// By [`index`] of the monomials.
    circuits: Vec<Circuit>,
}

/// A number below 2,048 for the curved monomials of four variables: those of one or no variable are left out.
fn index(monomials: u32) -> usize {
    let m = monomials as usize;
    (m >> 3 & 1) | (m >> 4 & 0b1110) | (m >> 5 & 0b111_1111_0000)
}

fn four() -> &'static Four {
    static FOUR: OnceLock<Four> = OnceLock::new();
    FOUR.get_or_init(|| {
        let mut known: Vec<Option<Circuit>> = vec![None; 1 << 11];
        let mut queue = Vec::new();
        for circuit in representatives() {
            queue.push(circuit);
        }
        let mut at = 0;
        for circuit in &queue {
            known[index(moebius(circuit.table()) & CURVED)] = Some(circuit.clone());
        }
        while at < queue.len() {
            for (i, by) in elementary_maps() {
                let mut circuit = queue[at].clone();
                circuit.substitute(i, by);
                let slot = &mut known[index(moebius(circuit.table()) & CURVED & 0xffff)];
                if slot.is_none() {
                    *slot = Some(circuit.clone());
                    queue.push(circuit);
                }
            }
            at += 1;
        }
        let circuits = known.into_iter().map(Option::unwrap_or_default).collect();
        Four { circuits }
    })
}

/// Maps that generate all affine ones: a variable takes another or one in addition.
fn elementary_maps() -> impl Iterator<Item = (u32, Form)> {
    (0..4).flat_map(|i| {
        let sums = (0..4)
            .filter(move |&j| j != i)
            .map(move |j| Form::of(1 << i | 1 << j, 0));
        let flip = Form {
            variables: 1 << i,
            ands: 0,
            one: true,
        };
        sums.chain([flip]).map(move |by| (i, by))
    })
}

/// One circuit per affine class of four variables `w, x, y, z`. A degree `d` takes `d − 1` ANDs, a quadratic form of rank
/// `r` takes `r / 2`.
fn representatives() -> [Circuit; 8] {
    let (w, x, y, z) = (
        Form::of(1, 0),
        Form::of(2, 0),
        Form::of(4, 0),
        Form::of(8, 0),
    );
    let and = |i: u8| Form::of(0, 1 << i);
    let circuit = |ands: &[(Form, Form)], out: Form| Circuit {
        ands: ands.to_vec(),
        out,
    };
    [
        circuit(&[], Form::default()),
        // wx
        circuit(&[(w, x)], and(0)),
        // wx ⊕ yz
        circuit(&[(w, x), (y, z)], Form::of(0, 0b11)),
        // wxy
        circuit(&[(w, x), (and(0), y)], and(1)),
        // x(wy ⊕ z)
        circuit(&[(w, y), (x, Form::of(8, 1))], and(1)),
        // wxyz
        circuit(&[(w, x), (y, z), (and(0), and(1))], and(2)),
        // wxyz ⊕ wx
        circuit(&[(w, x), (y, z), (and(0), and(1))], Form::of(0, 0b101)),
        // wxyz ⊕ wx ⊕ yz
        circuit(&[(w, x), (y, z), (and(0), and(1))], Form::of(0, 0b111)),
    ]
}

/// A function of five variables on the two halves of a linear form, each a function of the other four.
#[derive(Clone, Copy)]
struct Split {
    form: u8,
    /// The lowest variable of the form, which is expressed by the others.
    pivot: u32,
    /// The half to start from: where the form has this value.
    from: bool,
    /// Whether the difference of the halves is the starting half, up to an affine function.
    alike: bool,
}

/// `table` where the form has a value, as a function of the variables without the pivot.
fn half(table: u32, form: u8, pivot: u32, value: bool) -> u32 {
    let low = (1u32 << pivot) - 1;
    let mut out = 0;
    for i in 0..16u32 {
        let others = (i & low) | (i & !low) << 1;
        let is_set = ((others as u8 & form).count_ones() & 1 == 1) != value;
        let at = others | u32::from(is_set) << pivot;
        out |= (table >> at & 1) << i;
    }
    out | out << 16
}

fn best_split(table: u32) -> (Split, usize) {
    let cost = |half: u32| four().circuits[index(moebius(half) & CURVED)].ands.len();
    let mut best = None;
    for form in 1..32u8 {
        let pivot = form.trailing_zeros();
        let halves = [false, true].map(|value| half(table, form, pivot, value));
        let difference = halves[0] ^ halves[1];
        for from in [false, true] {
            let start = halves[usize::from(from)];
            let alike = moebius(difference ^ start) & CURVED == 0;
            let n = 1 + cost(start) + if alike { 0 } else { cost(difference) };
            if best.is_none_or(|(_, least)| n < least) {
                let split = Split {
                    form,
                    pivot,
                    from,
                    alike,
                };
                best = Some((split, n));
            }
        }
    }
    best.unwrap_or((
        Split {
            form: 1,
            pivot: 0,
            from: false,
            alike: false,
        },
        usize::MAX,
    ))
}

fn five(table: u32) -> Circuit {
    let (split, _) = best_split(table);
    let Split {
        form,
        pivot,
        from,
        alike,
    } = split;
    let halves = [false, true].map(|value| half(table, form, pivot, value));
    let mut out = wide(circuit(halves[usize::from(from)]), pivot);
    let rest = if alike {
        let mut rest = out.clone();
        rest.correct(spread(halves[0] ^ halves[1], pivot));
        rest
    } else {
        let mut rest = wide(circuit(halves[0] ^ halves[1]), pivot);
        // Its ANDs come after those of the first half.
        let n = out.ands.len();
        let moved = |form: &Form| Form {
            ands: form.ands << n,
            ..*form
        };
        out.ands
            .extend(rest.ands.iter().map(|(x, y)| (moved(x), moved(y))));
        rest.out = moved(&rest.out);
        rest
    };
    let l = Form {
        variables: form,
        ands: 0,
        one: from,
    };
    let product = 1 << out.ands.len();
    out.ands.push((l, rest.out));
    out.out.ands ^= product;
    out
}

/// A circuit of four variables on five, all but the pivot.
fn wide(mut circuit: Circuit, pivot: u32) -> Circuit {
    let low = (1u8 << pivot) - 1;
    let forms = (circuit.ands.iter_mut()).flat_map(|(x, y)| [x, y]);
    for form in forms.chain([&mut circuit.out]) {
        form.variables = (form.variables & low) | (form.variables & !low) << 1;
    }
    circuit
}

/// A table of four variables on five, all but the pivot.
fn spread(table: u32, pivot: u32) -> u32 {
    let low = (1u32 << pivot) - 1;
    (0..32u32).fold(0, |out, i| {
        let at = (i & low) | (i >> 1 & !low);
        out | (table >> at & 1) << i
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::Values;
    use super::*;

    fn degree(table: u32) -> u32 {
        let monomials = moebius(table);
        let degrees = (0..32u32).filter(|m| monomials >> m & 1 == 1);
        degrees.map(u32::count_ones).max().unwrap_or(0)
    }

    /// Half the rank of the matrix of products of two variables.
    fn half_rank(table: u32) -> usize {
        let monomials = moebius(table);
        let mut rows = [0u8; 5];
        for (i, row) in rows.iter_mut().enumerate() {
            for j in (0..5).filter(|&j| j != i) {
                *row |= ((monomials >> (1 << i | 1 << j) & 1) as u8) << j;
            }
        }
        let mut rank = 0;
        for column in 0..5 {
            let Some(pivot) = (rank..5).find(|&r| rows[r] >> column & 1 == 1) else {
                continue;
            };
            rows.swap(rank, pivot);
            for r in (0..5).filter(|&r| r != rank) {
                if rows[r] >> column & 1 == 1 {
                    rows[r] ^= rows[rank];
                }
            }
            rank += 1;
        }
        rank / 2
    }

    #[test]
    fn all_functions_of_four_variables_have_the_fewest_ands() {
        let mut n_by_size = [0; 4];
        for table in 0..1u32 << 16 {
            let table = table | table << 16;
            let circuit = circuit(table);
            assert_eq!(circuit.table(), table, "{table:#x}");
            let bound = match degree(table) {
                0 | 1 => 0,
                2 => half_rank(table),
                d => d as usize - 1,
            };
            assert_eq!(circuit.ands.len(), bound, "{table:#x}");
            assert_eq!(n_and(table), bound);
            assert_eq!(least(table), degree(table).saturating_sub(1) as usize);
            n_by_size[bound] += 1;
        }
        // Known numbers of functions of four variables by multiplicative complexity.
        assert_eq!(n_by_size, [32, 32 * 35, 32 * 988, 32 * 1024]);
    }

    #[test]
    fn functions_of_five_variables_are_built_from_halves() {
        let mut values = Values::new(30);
        let mut most = 0;
        for i in 0..20_000u32 {
            let table = match i % 4 {
                0 => values.next() as u32,
                1 => 1 << (i % 32),
                2 => values.next() as u32 & values.next() as u32,
                _ => moebius(1 << (values.next() % 32) | 1 << (values.next() % 32)),
            };
            let circuit = circuit(table);
            assert_eq!(circuit.table(), table, "{table:#x}");
            assert_eq!(circuit.ands.len(), n_and(table));
            most = most.max(circuit.ands.len());
        }
        assert!(most <= 6, "{most}");
        for i in 0..32 {
            assert_eq!(least(moebius(1 << i)), n_and(moebius(1 << i)));
        }
    }
}
