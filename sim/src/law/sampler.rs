//! Laws made ready, for who draws from one very often.

use super::Law;
use super::ziggurat::Exponential;
use crate::stream::Stream;
use crate::time::Span;

/// A [`Law`] made ready to be drawn from many times. Its draws follow the law as those of [`Law::sample`] do, but are other
/// ones: an exponential length takes one word of the stream in all but one of a hundred draws, and then more.
#[derive(Clone, Debug)]
pub struct Sampler(Method);

#[derive(Clone, Debug)]
enum Method {
    Ziggurat(Exponential),
    Law(Box<Law>),
}

impl Sampler {
    /// Of this law.
    pub fn new(law: &Law) -> Self {
        let exponential = match law {
            Law::Exponential { mean } => Exponential::new(*mean),
            _ => None,
        };
        Sampler(exponential.map_or_else(|| Method::Law(Box::new(law.clone())), Method::Ziggurat))
    }

    /// Draws one length. A law with a density never gives less than a nanosecond, nor more than [`Span::FOREVER`].
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> Span {
        match &self.0 {
            Method::Ziggurat(exponential) => exponential.sample(stream),
            Method::Law(law) => law.sample(stream),
        }
    }
}
