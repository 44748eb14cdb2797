//! Reading values whose shape has been checked. What does not fit is `None`: its problem is already reported.

use crate::quantity;
use crate::tree::Node;
use sim::Span;

impl Node {
    pub(crate) fn duration(&self) -> Option<Span> {
        quantity::duration(self.text()?).ok()
    }

    pub(crate) fn share(&self) -> Option<f64> {
        quantity::share(self.text()?).ok()
    }

    pub(crate) fn percent(&self) -> Option<f64> {
        quantity::percent(self.text()?).ok()
    }

    pub(crate) fn rate(&self) -> Option<f64> {
        quantity::rate(self.text()?).ok()
    }

    pub(crate) fn number(&self) -> Option<f64> {
        quantity::number(self.text()?).ok()
    }

    pub(crate) fn count(&self) -> Option<u64> {
        quantity::count(self.text()?, 0, u64::MAX).ok()
    }

    /// A count that its shape bounds below 2^32.
    pub(crate) fn small_count(&self) -> Option<u32> {
        u32::try_from(self.count()?).ok()
    }

    pub(crate) fn distance(&self) -> Option<f64> {
        quantity::distance(self.text()?).ok()
    }

    pub(crate) fn out_of(&self) -> Option<(u64, u64)> {
        quantity::k_of_n(self.text()?).ok()
    }

    pub(crate) fn is_true(&self) -> bool {
        self.text() == Some("true")
    }

    pub(crate) fn duration_of(&self, key: &str) -> Option<Span> {
        self.get(key)?.duration()
    }

    pub(crate) fn share_of(&self, key: &str) -> Option<f64> {
        self.get(key)?.share()
    }

    pub(crate) fn number_of(&self, key: &str) -> Option<f64> {
        self.get(key)?.number()
    }

    pub(crate) fn small_count_of(&self, key: &str) -> Option<u32> {
        self.get(key)?.small_count()
    }

    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    pub(crate) fn truth_of(&self, key: &str) -> bool {
        self.get(key).is_some_and(Node::is_true)
    }
}
