//! Laws prepared for many draws.

use super::Law;
use crate::stream::Stream;
use crate::time::Span;
use std::sync::LazyLock;

/// A law from which very many lengths are drawn. Its draws have the law of [`Law::sample`]'s and are other numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Sampler {
    /// Exponential, with this mean in nanoseconds.
    Exponential(f64),
    /// Any other law, drawn as it is everywhere else.
    Other(Law),
}

impl Sampler {
    /// Prepares a law.
    pub fn of(law: &Law) -> Self {
        match law {
            Law::Exponential { mean } => Sampler::Exponential(mean * 1e9),
            other => Sampler::Other(other.clone()),
        }
    }

    /// Draws one length, as [`Law::sample`] does: no less than a nanosecond of a law with a density, no more than
    /// [`Span::FOREVER`].
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match self {
            Sampler::Exponential(mean) => Span::from_nanos(((LAYERS.draw(stream) * mean) as i64).max(1)),
            Sampler::Other(law) => law.sample(stream),
        }
    }
}

/// Layers under the density e^-x, as many as a byte tells apart.
const COUNT: usize = 256;
/// Where the lowest layer ends and the tail begins: then all layers have the same area.
const TAIL: f64 = 7.697_117_470_131_05;

/// The layers of equal area that cover the density e^-x, drawn from by choosing one and a point of it (Marsaglia and Tsang,
/// "The ziggurat method for generating random variables", Journal of Statistical Software 5, 2000).
struct Layers {
    /// The right edge of each layer, the lowest first; the next one's is as far as it lies under the density.
    edges: [f64; COUNT + 1],
    /// The density there.
    heights: [f64; COUNT + 1],
}

static LAYERS: LazyLock<Layers> = LazyLock::new(Layers::new);

impl Layers {
    fn new() -> Self {
        let density = |x: f64| libm::exp(-x);
        // The rectangle under the lowest edge and the tail beyond it.
        let area = TAIL * density(TAIL) + density(TAIL);
        let mut edges = [0.0; COUNT + 1];
        (edges[0], edges[1]) = (area / density(TAIL), TAIL);
        for layer in 2..COUNT {
            edges[layer] = -libm::log(density(edges[layer - 1]) + area / edges[layer - 1]);
        }
        Layers { edges, heights: edges.map(density) }
    }

    /// A number with the density e^-x.
    #[inline]
    fn draw(&self, stream: &mut Stream) -> f64 {
        let bits = stream.bits();
        let layer = (bits % COUNT as u64) as usize;
        let x = part(bits) * self.edges[layer];
        if x < self.edges[layer + 1] { x } else { self.beyond(layer, x, stream) }
    }

    /// A point of a layer that may be above the density, or of the tail; if it is above, another draw.
    #[cold]
    fn beyond(&self, layer: usize, x: f64, stream: &mut Stream) -> f64 {
        if layer == 0 {
            return TAIL - libm::log(stream.uniform());
        }
        let height = self.heights[layer] + stream.uniform() * (self.heights[layer + 1] - self.heights[layer]);
        if height < libm::exp(-x) { x } else { self.draw(stream) }
    }
}

/// Uniform in (0, 1), of the bits that chose no layer.
#[inline]
fn part(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Replication, Seed, StreamName};

    fn stream(seed: u64) -> Stream {
        Stream::new(Seed(seed), Replication(0), StreamName::of("sampler", "test"))
    }

    #[test]
    fn the_layers_close_at_the_top_and_have_one_area() {
        let layers = &*LAYERS;
        let area = layers.edges[0] * layers.heights[1];
        for layer in 1..COUNT {
            let height = layers.heights[layer + 1] - layers.heights[layer];
            assert!((layers.edges[layer] * height / area - 1.0).abs() < 1e-9, "{layer}");
        }
        assert_eq!(layers.heights[COUNT], 1.0);
    }

    /// Kolmogorov and Smirnov's distance, and the share beyond points of the tail, of a million draws.
    #[test]
    fn draws_have_the_exponential_law_also_in_its_tail() {
        const DRAWS: usize = 1_000_000;
        let sampler = Sampler::of(&Law::Exponential { mean: 5.0 });
        let mut stream = stream(1);
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| sampler.sample(&mut stream).seconds() / 5.0).collect();
        draws.sort_by(f64::total_cmp);
        let n = DRAWS as f64;
        let apart = draws.iter().enumerate().map(|(rank, x)| {
            let below = -libm::expm1(-x);
            (below - rank as f64 / n).abs().max((rank as f64 + 1.0) / n - below)
        });
        // Exceeded once in a thousand times.
        assert!(apart.fold(0.0, f64::max) < 1.95 / n.sqrt());
        for edge in [2.0, 5.0, TAIL, TAIL + 1.0, 10.0] {
            let beyond = (DRAWS - draws.partition_point(|x| *x <= edge)) as f64;
            let due = n * libm::exp(-edge);
            assert!((beyond - due).abs() < 4.0 * due.sqrt(), "{edge}: {beyond}, {due}");
        }
        let mean = draws.iter().sum::<f64>() / n;
        let squares = draws.iter().map(|x| x * x).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 4.0 / n.sqrt(), "{mean}");
        assert!((squares - 2.0).abs() < 4.0 * (20.0 / n).sqrt(), "{squares}");
    }

    #[test]
    fn draws_that_follow_each_other_are_independent() {
        let mut stream = stream(2);
        let draws: Vec<f64> = (0..1_000_000).map(|_| LAYERS.draw(&mut stream) - 1.0).collect();
        let product = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 1e6;
        assert!(product.abs() < 4e-3, "{product}");
    }

    #[test]
    fn other_laws_are_drawn_as_they_are() {
        let law = Law::Uniform { low: Span::SECOND, high: Span::MINUTE };
        let (mut here, mut there) = (stream(3), stream(3));
        for _ in 0..100 {
            assert_eq!(Sampler::of(&law).sample(&mut here), law.sample(&mut there));
        }
    }

    #[test]
    fn lengths_are_at_least_a_nanosecond_and_at_most_for_ever() {
        let mut stream = stream(4);
        let (short, long) = (Sampler::Exponential(1e-6), Sampler::Exponential(1e300));
        assert_eq!(short.sample(&mut stream), Span::NANOSECOND);
        assert_eq!(long.sample(&mut stream), Span::FOREVER);
    }
}
