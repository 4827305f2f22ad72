//! The validity authority: any bytes get an answer; of valid ones the sections lie within them. (The
//! guardian reads the sections of valid bytes only: a header may promise more than there is.)
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (valid, offset, sections) = nmp_fuzz::parse::judge(bytes);
    assert!(offset <= bytes.len() as u64);
    assert!(!valid || offset == 0);
    assert!(sections.len().is_multiple_of(5));
    if !valid {
        return;
    }
    for section in sections.chunks_exact(5) {
        let [_, _, start, end, _] = section else {
            unreachable!()
        };
        assert!(start <= end && *end as usize <= bytes.len());
    }
});
