//! What ships with this version, embedded: presets, incidents, scenarios.

macro_rules! embedded {
    ($folder:literal: $($name:literal)+) => {
        &[$(Shipped { name: $name, text: include_str!(concat!("../", $folder, "/", $name, ".yaml")) }),+]
    };
}

/// A file that ships.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// Its name, without folder and ending.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The presets, by name.
pub fn presets() -> &'static [Shipped] {
    embedded!("presets":
        "auth-service" "bare-metal" "cassandra" "cloud-dns" "cloudflare" "cloudflare-proxied" "cockroachdb"
        "cockroachdb-leader-leases" "data-centre" "dynamodb-global-tables" "etcd" "host" "hyperscaler" "ideal"
        "mysql-semi-sync" "postgres-patroni" "postgres-streaming" "read-replicas" "route53" "scylladb"
        "small-site" "tier1-carrier" "validator-client" "validator-remote-signer" "validator-threshold-signer"
        "vendor-link" "vitess" "vitess-semi-sync")
}

/// The incidents, by name.
pub fn incidents() -> &'static [Shipped] {
    embedded!("incidents":
        "aws-20110421-ebs" "aws-20110807-dublin" "aws-20120630-storm" "aws-20121022-ebs" "aws-20121224-elb"
        "aws-20150920-dynamodb" "aws-20160605-sydney" "aws-20170228-s3" "aws-20181121-seoul-dns" "aws-20190823-tokyo"
        "aws-20201125-kinesis" "aws-20211207-internal-net" "aws-20251020-dynamodb-dns" "azure-20210401-dns"
        "centurylink-20200830" "cloudflare-20190702" "eth-20251204-prysm" "gcp-20160412-net" "gcp-20220719-london"
        "gcp-20250612-service-control")
}

/// The scenarios of the library, by name.
pub fn library() -> &'static [Shipped] {
    embedded!("library":
        "active-passive" "cassandra-two-dc" "cockroach-five-regions" "github-2018" "multi-primary"
        "partitioned-eu-us" "patroni-three-sites" "read-replicas" "regional-dependency" "thirteen-providers"
        "three-region-web" "validator-double-sign" "vitess-cross-cell")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{self, Record, Shape};
    use crate::source::Sources;
    use crate::vocabulary::shipped::{INCIDENT, PRESET};
    use crate::{incidents as replayed, yaml};

    fn names_in(folder: &str) -> Vec<String> {
        let path = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
        let yaml = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
        let mut names: Vec<String> =
            yaml.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_file_of_the_folders_is_embedded() {
        for (folder, shipped) in [("presets", presets()), ("incidents", incidents()), ("library", library())]
        {
            assert_eq!(
                names_in(folder),
                shipped.iter().map(|file| file.name).collect::<Vec<_>>(),
                "{folder}"
            );
        }
    }

    fn well_formed(file: &Shipped, record: &'static Record) {
        let mut sources = Sources::default();
        let source = sources.add(file.name, file.text);
        let document =
            yaml::parse(file.text, source).unwrap_or_else(|problem| panic!("{}: {problem:?}", file.name));
        let mut problems = document.problems;
        shape::check(&document.root, &Shape::Record(record), &mut problems);
        let problems = crate::Problems::new(sources, problems);
        assert!(problems.is_empty(), "{}", problems.render(false));
        assert_eq!(document.root.text_of("name"), Some(file.name));
    }

    #[test]
    fn presets_use_only_what_a_user_could_write() {
        presets().iter().for_each(|file| well_formed(file, &PRESET));
    }

    #[test]
    fn incidents_are_well_formed_and_hit_only_scopes_they_declare() {
        incidents().iter().for_each(|file| well_formed(file, &INCIDENT));
        let texts = incidents().iter().map(|file| (file.name.to_owned(), file.text.to_owned()));
        for (name, root) in replayed::parse(texts, &mut Sources::default()) {
            for phase in root.get("phases").unwrap().items() {
                let scope = phase.text_of("scope").unwrap();
                assert!(root.get("scopes").unwrap().get(scope).is_some(), "{name}: {scope}");
            }
        }
    }

    #[test]
    fn every_number_of_a_preset_has_its_source_beside_it() {
        for file in presets() {
            let numbers = file.text.lines().filter(|line| {
                line.starts_with("  ") && line.contains(": ") && line.contains(|c: char| c.is_ascii_digit())
            });
            // Prose of `about` and continued comments are not values.
            let values = numbers.filter(|line| {
                !line.trim_start().starts_with('#')
                    && line.split(':').next().is_some_and(|key| !key.trim().contains(' '))
            });
            values.for_each(|line| assert!(line.contains(" # "), "{}: {line}", file.name));
        }
    }
}
