use crate::sample;
use snapbox::{assert_data_eq, str};

#[test]
fn a_story_reads_from_cause_to_consequence() {
    let outcome = sample::outcome();
    let told = super::tell(&sample::specification(), &outcome.sources, &sample::story());
    let text = super::document(&told, &sample::reproduce(&outcome)).text(false);
    assert_data_eq!(
        text,
        str![[r#"
shop: replication 12, from day 200 00:00:00

+0:00:00.0   day 200 00:00:00  virginia fails: down (aws/us-east-1)
+0:00:00.0   day 200 00:00:00    virginia: down
+0:00:00.0   day 200 00:00:00      everything together is no longer up
                               ... 40.0 thousand requests lost until the next change
+0:00:40.0   day 200 00:00:40      health check web finds virginia unhealthy
+0:00:40.0   day 200 00:00:40        DNS answers europe for www: dublin
                               ... 37.5 thousand requests lost until the next change
+0:01:40.0   day 200 00:01:40          the caches of europe have all taken the new answer
                               ... 250 thousand requests lost until the next change
+0:10:00     day 200 00:10:00  virginia is repaired after 10 min
+0:10:00     day 200 00:10:00    virginia: up
                               ... 20.0 thousand requests lost until the next change
+0:10:40     day 200 00:10:40      health check web finds virginia healthy
+0:10:40     day 200 00:10:40        DNS answers europe for www: virginia 50 %, dublin 50 %
                               ... 7.50 thousand requests lost until the next change
+0:11:40     day 200 00:11:40          the caches of europe have all taken the new answer
+0:11:40     day 200 00:11:40          everything together is up again

  In all 355 thousand requests lost in the 13 min 40 s told here.

reproduce: seawall run shop.yaml --seed 7 --replications 100    version 0.1.0  inputs bb93131a  fingerprint d0ec3add793bf425

"#]]
    );
}
