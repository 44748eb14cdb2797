//! Numbers of requests, in integers so that sums are exact and merge in any order.

use serde::Serialize;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// A number of requests, in nano-requests.
///
/// Integrals are floating point; each is rounded once to a nano-request, and everything after that is integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Volume(i128);

/// Nano-requests in a request.
const NANO: f64 = 1e9;

/// Below this many nano-requests 64 bits hold them.
const SHORT: f64 = 9e18;

impl Volume {
    /// No request.
    pub const ZERO: Volume = Volume(0);

    /// `requests` rounded to the nearest nano-request.
    pub fn from_requests(requests: f64) -> Self {
        let nanos = requests * NANO;
        if nanos.abs() < SHORT {
            // What a cast cuts off is exact, so this is `f64::round`, without two library calls.
            let whole = nanos as i64;
            let rest = nanos - whole as f64;
            return Volume(i128::from(whole + i64::from(rest >= 0.5) - i64::from(rest <= -0.5)));
        }
        Volume(nanos.round() as i128)
    }

    /// `nanos` nano-requests.
    pub const fn from_nanos(nanos: i128) -> Self {
        Volume(nanos)
    }

    /// Nano-requests.
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// Requests.
    pub fn requests(self) -> f64 {
        self.0 as f64 / NANO
    }

    /// Is this no request at all?
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Splits this volume in equal parts among `count` receivers; the remainder goes to the first ones.
    /// Calls `give` with each receiver's index and part. `count` must not be zero.
    pub fn share_equally(self, count: usize, mut give: impl FnMut(usize, Volume)) {
        if count == 1 {
            return give(0, self);
        }
        let (each, rest) = self.divided(count);
        for index in 0..count {
            let extra = i128::from((index as i128) < rest.abs()) * rest.signum();
            give(index, Volume(each + extra));
        }
    }

    /// Quotient and remainder; a division of 64 bits, where they hold the volume, is several times cheaper.
    fn divided(self, count: usize) -> (i128, i128) {
        match (i64::try_from(self.0), count as i64) {
            (Ok(nanos), parts) => (i128::from(nanos / parts), i128::from(nanos % parts)),
            (Err(_), parts) => (self.0 / i128::from(parts), self.0 % i128::from(parts)),
        }
    }
}

impl Add for Volume {
    type Output = Volume;
    fn add(self, other: Volume) -> Volume {
        Volume(self.0 + other.0)
    }
}

impl AddAssign for Volume {
    fn add_assign(&mut self, other: Volume) {
        self.0 += other.0;
    }
}

impl Sub for Volume {
    type Output = Volume;
    fn sub(self, other: Volume) -> Volume {
        Volume(self.0 - other.0)
    }
}

impl SubAssign for Volume {
    fn sub_assign(&mut self, other: Volume) {
        self.0 -= other.0;
    }
}

impl Sum for Volume {
    fn sum<I: Iterator<Item = Volume>>(volumes: I) -> Volume {
        volumes.fold(Volume::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_round_to_the_nearest_nano_request_however_many() {
        for nanos in [0.5, 0.499_999_999_999_999_94, 1.5, 2.5, 4e15 + 0.5, 8.9e18, 9.1e18, 1e25] {
            for signed in [nanos, -nanos] {
                let requests = signed / 1e9;
                assert_eq!(
                    Volume::from_requests(requests).nanos(),
                    (requests * 1e9).round() as i128,
                    "{signed}"
                );
            }
        }
    }

    #[test]
    fn equal_parts_sum_to_the_whole_and_the_first_get_the_remainder() {
        let mut parts = Vec::new();
        Volume::from_nanos(11).share_equally(4, |index, part| parts.push((index, part.nanos())));
        assert_eq!(parts, [(0, 3), (1, 3), (2, 3), (3, 2)]);
    }
}
