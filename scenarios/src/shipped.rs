//! The presets and incidents that ship, embedded.

macro_rules! embedded {
    ($folder:literal: $($name:literal)+) => {
        &[$(($name, include_str!(concat!("../", $folder, "/", $name, ".yaml")))),+]
    };
}

/// Presets by name.
pub(crate) const PRESETS: &[(&str, &str)] = embedded!("presets":
    "auth-service" "bare-metal" "cloud-dns" "cloudflare" "cloudflare-proxied" "data-centre" "host" "hyperscaler"
    "ideal" "route53" "small-site" "tier1-carrier" "validator-client" "vendor-link");

/// Incidents by name.
pub(crate) const INCIDENTS: &[(&str, &str)] = embedded!("incidents":
    "aws-20110421-ebs" "aws-20110807-dublin" "aws-20120630-storm" "aws-20121022-ebs" "aws-20121224-elb"
    "aws-20150920-dynamodb" "aws-20160605-sydney" "aws-20170228-s3" "aws-20181121-seoul-dns" "aws-20190823-tokyo"
    "aws-20201125-kinesis" "aws-20211207-internal-net" "aws-20251020-dynamodb-dns" "azure-20210401-dns"
    "centurylink-20200830" "cloudflare-20190702" "eth-20251204-prysm" "gcp-20160412-net" "gcp-20220719-london"
    "gcp-20250612-service-control");

/// Scenarios by name.
pub(crate) const SCENARIOS: &[(&str, &str)] =
    embedded!("library": "active-passive" "regional-dependency" "thirteen-providers" "three-region-web");
