//! Arithmetic modulo [`PRIME`], and the polynomial through some points.
//!
//! Elements are u32 below the prime, so that loops over many of them become vector instructions; a product of two fits.

use super::commitment::PRIME;

const MODULUS: u32 = PRIME as u32;

/// What 2^16 is in the field.
const FOLD: u32 = (1 << 16) - MODULUS;

/// The element that any u32 stands for. Folded twice, a number is below twice the prime.
fn reduce(number: u32) -> u32 {
    let once = (number >> 16) * FOLD + (number & 0xFFFF);
    let twice = (once >> 16) * FOLD + (once & 0xFFFF);
    if twice >= MODULUS { twice - MODULUS } else { twice }
}

fn multiply(left: u32, right: u32) -> u32 {
    reduce(left * right)
}

/// `1 / element`, by Fermat: the power `PRIME - 2`.
fn inverse(element: u32) -> u32 {
    let mut power = 1;
    for bit in (0..16).rev() {
        power = multiply(power, power);
        if (MODULUS - 2) >> bit & 1 == 1 {
            power = multiply(power, element);
        }
    }
    power
}

/// The inverses of elements other than zero, with a single inversion: of their product, which is then taken apart.
fn inverses(elements: &[u32]) -> Vec<u32> {
    let mut product = 1;
    let mut inverses: Vec<u32> = Vec::with_capacity(elements.len());
    for &element in elements {
        inverses.push(product);
        product = multiply(product, element);
    }
    let mut rest = inverse(product);
    for (before, &element) in inverses.iter_mut().zip(elements).rev() {
        *before = multiply(*before, rest);
        rest = multiply(rest, element);
    }
    inverses
}

/// What a polynomial is at each of some elements; its constant coefficient comes first.
pub(super) fn evaluate(coefficients: &[u32], at: &[u32]) -> Vec<u32> {
    let mut sums = vec![0; at.len()];
    for &coefficient in coefficients.iter().rev() {
        for (sum, &element) in sums.iter_mut().zip(at) {
            *sum = reduce(*sum * element + coefficient);
        }
    }
    sums
}

/// The coefficients of the polynomial of least degree that is `values[i]` at `places[i]`; places must be distinct elements,
/// fewer than 2^16. There is one only, so how it's found doesn't show.
///
/// Lagrange's form is `Σ w_i M(x) / (x - x_i)`, where `M = Π (x - x_i)` and `w_i = y_i / M'(x_i)`. By long division, the
/// coefficient of `x^k` is `Σ_j M_(k+1+j) s_j` with the moments `s_j = Σ_i w_i x_i^j`: loops over rows of numbers, and one
/// inversion.
pub(super) fn interpolate(places: &[u32], values: &[u32]) -> Vec<u32> {
    let vanishing = vanishing(places);
    let slope: Vec<u32> = (0..).zip(&vanishing).skip(1).map(|(power, &factor)| multiply(power, factor)).collect();
    let mut terms = inverses(&evaluate(&slope, places));
    terms.iter_mut().zip(values).for_each(|(term, &value)| *term = multiply(*term, value));
    let mut moments = Vec::with_capacity(places.len());
    for _ in places {
        moments.push(reduce(terms.iter().sum()));
        terms.iter_mut().zip(places).for_each(|(term, &place)| *term = multiply(*term, place));
    }
    let coefficient = |power: usize| {
        let products = vanishing[power + 1..].iter().zip(&moments).map(|(&factor, &moment)| u64::from(factor * moment));
        // Less than the modulus, which fits.
        (products.sum::<u64>() % u64::from(MODULUS)) as u32
    };
    (0..places.len()).map(coefficient).collect()
}

/// The coefficients of `Π (x - place)`.
fn vanishing(places: &[u32]) -> Vec<u32> {
    let mut product = Vec::with_capacity(places.len() + 1);
    product.push(1);
    for &place in places {
        let negative = MODULUS - place;
        product.push(1);
        for power in (1..product.len() - 1).rev() {
            product[power] = reduce(product[power] * negative + product[power - 1]);
        }
        product[0] = multiply(product[0], negative);
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn element() -> impl Strategy<Value = u32> {
        prop_oneof![8 => 0..MODULUS, 1 => 0..3u32, 1 => MODULUS - 3..MODULUS]
    }

    #[test]
    fn every_element_has_its_inverse() {
        let elements: Vec<u32> = (1..MODULUS).collect();
        for (element, inverse) in elements.iter().zip(inverses(&elements)) {
            assert_eq!(u64::from(*element) * u64::from(inverse) % u64::from(MODULUS), 1);
        }
        assert!(inverses(&[]).is_empty());
        assert_eq!(inverse(2), MODULUS.div_ceil(2));
    }

    #[test]
    fn the_ends_of_the_range_are_reduced() {
        for number in (0..200_000).chain(u32::MAX - 200_000..=u32::MAX) {
            assert_eq!(reduce(number), number % MODULUS);
        }
    }

    proptest! {
        #[test]
        fn a_product_is_reduced(left in element(), right in element(), more in element()) {
            prop_assert_eq!(reduce(left * right + more), (left * right + more) % MODULUS);
        }

        #[test]
        fn a_polynomial_goes_through_its_points(points in proptest::collection::btree_map(element(), element(), 0..140)) {
            let (places, values): (Vec<u32>, Vec<u32>) = points.into_iter().unzip();
            let coefficients = interpolate(&places, &values);
            prop_assert_eq!(coefficients.len(), places.len());
            prop_assert_eq!(evaluate(&coefficients, &places), values);
        }

        #[test]
        fn a_polynomial_is_found_from_its_values(
            points in proptest::collection::btree_map(element(), element(), 0..60),
        ) {
            let (places, coefficients): (Vec<u32>, Vec<u32>) = points.into_iter().unzip();
            prop_assert_eq!(interpolate(&places, &evaluate(&coefficients, &places)), coefficients);
        }
    }
}
