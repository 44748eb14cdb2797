//! Exponential draws by the ziggurat (Marsaglia and Tsang, "The ziggurat method for generating random variables", Journal
//! of Statistical Software 5 (2000)): 256 layers of one area under the density. A draw whose point lies in the part of its
//! layer that is under the density as a whole needs one word, two products and no transcendental function.
//!
//! The fast path is of integers: lengths are in units of 2^-60 of the mean, so that rounding is below any nanosecond.

use super::draw::length;
use crate::stream::Stream;
use crate::time::{NANOS_PER_SECOND, Span};
use std::sync::LazyLock;

const LAYERS: usize = 256;

/// Where the tail begins, in means, and the area of a layer: Marsaglia and Tsang, section 2.
const TAIL: f64 = 7.697_117_470_131_05;
const AREA: f64 = 0.003_949_659_822_581_557;

/// One mean, as an integer.
const UNIT: f64 = (1u64 << 60) as f64;

/// The layers, the lowest first.
#[derive(Debug)]
struct Layers {
    /// How wide each is, in units; and the part of 2^64 up to which it lies under the density as a whole.
    widths: [(u64, u64); LAYERS],
    /// The density at each one's lower edge, and last at the top.
    densities: [f64; LAYERS + 1],
}

static LAYERS_OF_ALL: LazyLock<Layers> = LazyLock::new(Layers::new);

impl Layers {
    fn new() -> Self {
        let mut edges = [0.0; LAYERS + 1];
        // The lowest layer and the tail have the area of a rectangle so wide.
        edges[0] = AREA * libm::exp(TAIL);
        edges[1] = TAIL;
        for layer in 2..LAYERS {
            edges[layer] = -libm::log(libm::exp(-edges[layer - 1]) + AREA / edges[layer - 1]);
        }
        let word = 2.0 * (1u64 << 63) as f64;
        Layers {
            widths: std::array::from_fn(|layer| {
                ((edges[layer] * UNIT) as u64, (edges[layer + 1] / edges[layer] * word) as u64)
            }),
            densities: edges.map(|edge| libm::exp(-edge)),
        }
    }
}

/// An exponential law, ready to be drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exponential {
    layers: &'static Layers,
    /// The mean in nanoseconds is `scale` / 2^(`shift` + 4).
    scale: u64,
    shift: u32,
    half: u64,
    /// Seconds.
    mean: f64,
}

impl Exponential {
    /// Of this mean in seconds; nothing if that is below a tenth of a nanosecond or above nine years.
    pub(super) fn new(mean: f64) -> Option<Self> {
        let nanos = mean * NANOS_PER_SECOND as f64;
        if !(0.1..(1u64 << 58) as f64).contains(&nanos) {
            return None;
        }
        let (mut scale, mut doubled) = (nanos, 0);
        while scale < (1u64 << 63) as f64 {
            (scale, doubled) = (scale * 2.0, doubled + 1);
        }
        let shift = doubled - 4;
        let half = 1 << (shift - 1);
        Some(Exponential { layers: &LAYERS_OF_ALL, scale: scale as u64, shift, half, mean })
    }

    /// Draws one length, never less than a nanosecond.
    #[inline]
    pub(super) fn sample(&self, stream: &mut Stream) -> Span {
        // The low bits choose the layer; as part of the length they are worth 2^-56 of its width.
        let word = stream.bits();
        let (width, inside) = self.layers.widths[usize::from(word as u8)];
        if word < inside {
            let units = high(word, width);
            let nanos = (high(units, self.scale) + self.half) >> self.shift;
            return Span::from_nanos(nanos.max(1) as i64);
        }
        self.at_the_edge(word, stream)
    }

    /// A draw that began with a word whose point may lie above the density: one in a hundred.
    #[cold]
    #[inline(never)]
    fn at_the_edge(&self, mut word: u64, stream: &mut Stream) -> Span {
        loop {
            let layer = usize::from(word as u8);
            let (width, inside) = self.layers.widths[layer];
            let means = high(word, width) as f64 / UNIT;
            if word < inside {
                return length(means * self.mean);
            }
            if layer == 0 {
                // What remains of an exponential length is one.
                return length((TAIL - libm::log(stream.uniform())) * self.mean);
            }
            let (low, top) = (self.layers.densities[layer], self.layers.densities[layer + 1]);
            if low + stream.uniform() * (top - low) < libm::exp(-means) {
                return length(means * self.mean);
            }
            word = stream.bits();
        }
    }
}

/// The high word of a product.
#[inline]
fn high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The topmost layer, whose width follows from all below it, must have the same area: so the constants are right.
    #[test]
    fn layers_are_of_one_area_up_to_the_top() {
        let layers = Layers::new();
        let width = |layer: usize| layers.widths[layer].0 as f64 / UNIT;
        for layer in 1..LAYERS {
            let area = width(layer) * (layers.densities[layer + 1] - layers.densities[layer]);
            assert!((area / AREA - 1.0).abs() < 1e-10, "{layer}: {area}");
        }
        let lowest = TAIL * layers.densities[1] + libm::exp(-TAIL);
        assert!((lowest / AREA - 1.0).abs() < 1e-12, "{lowest}");
        assert_eq!((layers.widths[LAYERS - 1].1, layers.densities[LAYERS]), (0, 1.0));
    }

    #[test]
    fn means_beyond_the_integers_are_refused() {
        for mean in [0.0, 1e-11, 1e9, f64::INFINITY, f64::NAN] {
            assert!(Exponential::new(mean).is_none(), "{mean}");
        }
        for mean in [1e-10, 1.0, 2.8e8] {
            assert!(Exponential::new(mean).is_some(), "{mean}");
        }
    }
}
