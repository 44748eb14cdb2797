//! Axes: from values to pixels, with ticks at round numbers.

/// A stretch of values on a stretch of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Axis {
    /// `values` on `pixels`, either of which may run backwards. An empty stretch of values is widened by one.
    pub(super) fn new(values: (f64, f64), pixels: (f64, f64)) -> Self {
        let values = if values.0 == values.1 { (values.0, values.0 + 1.0) } else { values };
        Axis { values, pixels }
    }

    /// The pixel of `value`.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value - self.values.0) / (self.values.1 - self.values.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// The ends in pixels.
    pub(super) fn ends(&self) -> (f64, f64) {
        self.pixels
    }

    /// Round values in it, at least `step` apart.
    pub(super) fn multiples(&self, step: f64) -> Vec<f64> {
        let first = (self.values.0 / step - 1e-9).ceil() as i64;
        let last = (self.values.1 / step + 1e-9).floor() as i64;
        (first..=last).map(|count| count as f64 * step).collect()
    }
}

/// A step of 1, 2 or 5 times a power of ten that divides `range` into at most `most` parts.
pub(super) fn round_step(range: f64, most: f64) -> f64 {
    let rough = (range / most).max(f64::MIN_POSITIVE);
    let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A tick's value: as few digits as say it.
pub(super) fn tick(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Steps in which people divide time, in seconds.
const TIME_STEPS: [f64; 17] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
    43_200.0, 86_400.0,
];

/// A step of time that divides `range` seconds into at most `most` parts.
pub(super) fn time_step(range: f64, most: f64) -> f64 {
    let step = TIME_STEPS.into_iter().find(|step| range / step <= most);
    step.unwrap_or_else(|| 86_400.0 * round_step(range / 86_400.0, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_round_numbers() {
        assert_eq!(round_step(1300.0, 5.0), 500.0);
        assert_eq!(Axis::new((-0.1, 1.0), (0.0, 1.0)).multiples(0.5), [0.0, 0.5, 1.0]);
        assert_eq!([tick(0.5), tick(20.0), tick(0.0)], ["0.5", "20", "0"]);
        assert_eq!(time_step(600.0, 8.0), 120.0);
    }

    #[test]
    fn an_axis_may_run_upwards() {
        let axis = Axis::new((0.0, 10.0), (100.0, 0.0));
        assert_eq!((axis.at(0.0), axis.at(10.0)), (100.0, 0.0));
    }
}
