//! Cloud regions, where they are, and how long a round trip between them takes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Regions by path, and measured delays between them.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// Degrees north and east.
    regions: BTreeMap<String, (f64, f64)>,
    /// Least round-trip times in milliseconds; the lesser path first.
    round_trips: BTreeMap<(String, String), f64>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(include_str!("../catalogue/regions.csv"), include_str!("../catalogue/rtt.csv"))
});

impl Catalogue {
    /// The one that ships.
    pub(crate) fn shipped() -> &'static Catalogue {
        &CATALOGUE
    }

    fn parse(regions: &str, round_trips: &str) -> Catalogue {
        let regions = rows(regions).into_iter().filter_map(|row| match &row[..] {
            [provider, region, latitude, longitude] => {
                let place = (latitude.parse().ok()?, longitude.parse().ok()?);
                Some((format!("{provider}/{region}"), place))
            }
            _ => None,
        });
        let round_trips = rows(round_trips).into_iter().filter_map(|row| match &row[..] {
            [from, to, millis] => Some((ordered(from, to), millis.parse().ok()?)),
            _ => None,
        });
        Catalogue { regions: regions.collect(), round_trips: round_trips.collect() }
    }

    /// Degrees north and east of a region.
    pub(crate) fn place(&self, path: &str) -> Option<(f64, f64)> {
        self.regions.get(path).copied()
    }

    /// The measured round-trip time, in milliseconds.
    pub(crate) fn round_trip(&self, a: &str, b: &str) -> Option<f64> {
        self.round_trips.get(&ordered(a, b)).copied()
    }

    /// All regions' paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.regions.keys().map(String::as_str)
    }
}

fn ordered(a: &str, b: &str) -> (String, String) {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    (low.to_owned(), high.to_owned())
}

/// The rows of a table, without its comments and header.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    rows.map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_possible() {
        let catalogue = Catalogue::shipped();
        let count = |text: &str| {
            text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).count() - 1
        };
        assert_eq!(catalogue.regions.len(), count(include_str!("../catalogue/regions.csv")));
        assert_eq!(catalogue.round_trips.len(), count(include_str!("../catalogue/rtt.csv")));
        assert!(catalogue.regions.values().all(|(north, east)| north.abs() <= 90.0 && east.abs() <= 180.0));
        assert!(catalogue.round_trips.values().all(|millis| *millis > 0.0 && *millis < 1000.0));
    }

    #[test]
    fn round_trips_know_no_direction() {
        let catalogue = Catalogue::shipped();
        let there = catalogue.round_trip("aws/us-east-1", "aws/eu-west-1");
        assert!(there.is_some());
        assert_eq!(there, catalogue.round_trip("aws/eu-west-1", "aws/us-east-1"));
    }
}
