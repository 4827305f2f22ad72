//! How sources are spread over the nodes of one address, and what the relay's arguments may say.

use nmp_agent::bridge::ranked;
use nmp_agent::relay::parse;
use std::collections::HashMap;

fn sources() -> impl Iterator<Item = String> {
    (0..4_000_u32).map(|i| format!("10.{}.{}.{}", i >> 16, (i >> 8) & 255, i & 255))
}

#[test]
fn spreads_sources_evenly() {
    let mut counts = HashMap::new();
    for source in sources() {
        *counts.entry(ranked(&source, 4)[0]).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 4);
    assert!(
        counts.values().all(|count| (850..1150).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn moves_only_the_sources_of_a_node_that_is_lost_or_added() {
    for source in sources() {
        let of_four = ranked(&source, 4);
        let mut every = of_four.clone();
        every.sort_unstable();
        assert_eq!(every, [0, 1, 2, 3]);
        let without: Vec<usize> = of_four.iter().copied().filter(|node| *node != 3).collect();
        assert_eq!(without, ranked(&source, 3), "{source}");
    }
}

#[test]
fn takes_its_arguments_in_one_form_only() {
    let line =
        "--listen 127.0.0.1:0 --connections 4 --per-source 2 --connect-ms 5 --idle-ms 6 --to a b";
    let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
    let init = parse(&words(line)).expect("good");
    assert_eq!(init.to.len(), 2);
    assert_eq!(init.limits.per_source, 2);
    for (from, to) in [
        ("127.0.0.1:0", "localhost:0"),
        ("--connections 4", "--connections 0"),
        ("--per-source", "--source"),
        ("--idle-ms 6", "--idle-ms -6"),
        (" --to a b", " --to"),
        (" --to a b", ""),
    ] {
        assert!(
            parse(&words(&line.replace(from, to))).is_none(),
            "{from} → {to}"
        );
    }
}
