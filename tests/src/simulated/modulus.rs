//! Numbers of persons, as programs from before 2007 look at them.

/// Whether the last ten digits of a CPR number fail modulus 11. Since 2007 that says nothing; many programs refuse such a
/// number all the same.
pub(crate) fn fails_modulus_11(cpr: &str) -> bool {
    const WEIGHTS: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 2, 3, 4];
    let digits = cpr.chars().rev().filter_map(|one| one.to_digit(10));
    digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum::<u32>() % 11 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_numbers_pass_and_some_new_ones_do_not() {
        assert!(
            !fails_modulus_11("2512484916") && !fails_modulus_11("00002512484916") && fails_modulus_11("0101010101")
        );
    }
}
