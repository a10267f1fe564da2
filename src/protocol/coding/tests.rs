use super::*;
use flate2::Compression;
use flate2::read::DeflateEncoder;
use proptest::prelude::*;
use std::io::Read as _;

const LIMIT: usize = 1 << 20;

fn texts() -> Vec<Vec<u8>> {
    let page = "<li>a product</li>".repeat(40_000);
    let noise: Vec<u8> = (0..70_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    vec![Vec::new(), b"x".to_vec(), page.into_bytes(), noise]
}

#[test]
fn what_is_packed_is_unpacked() {
    for coding in Coding::ALL {
        for text in texts() {
            let packed = pack(coding, &text);
            assert_eq!(packed, pack(coding, &text));
            assert_eq!(unpack(coding, &packed, LIMIT), Ok(text), "{coding}");
        }
        let page = &texts()[2];
        assert!(pack(coding, page).len() < page.len() / 20, "{coding}");
    }
}

#[test]
fn other_ways_to_pack_are_known() {
    let gzip = |text: &[u8]| pack(Coding::Gzip, text);
    let zstd = |text: &[u8]| pack(Coding::Zstd, text);
    let mut raw = Vec::new();
    DeflateEncoder::new(&b"hello"[..], Compression::default())
        .read_to_end(&mut raw)
        .unwrap();
    for (coding, packed) in [
        (Coding::Deflate, raw),
        (
            Coding::Gzip,
            [gzip(b"he"), gzip(b""), gzip(b"llo")].concat(),
        ),
        (Coding::Gzip, [gzip(b"hello"), vec![0; 9]].concat()),
        (Coding::Zstd, [zstd(b"he"), zstd(b"llo")].concat()),
        (
            Coding::Zstd,
            [b"\x50\x2a\x4d\x18\x02\0\0\0no".to_vec(), zstd(b"hello")].concat(),
        ),
    ] {
        assert_eq!(
            unpack(coding, &packed, LIMIT).unwrap(),
            b"hello",
            "{coding}"
        );
    }
}

#[test]
fn what_others_packed_is_unpacked() {
    let br = b"\x0b\x05\x80hello world\x03";
    let zstd = b"\x28\xb5\x2f\xfd\x04\x58\x59\0\0hello world\x68\x69\x1e\xb2";
    for (coding, packed) in [(Coding::Br, &br[..]), (Coding::Zstd, &zstd[..])] {
        assert_eq!(
            unpack(coding, packed, LIMIT).unwrap(),
            b"hello world",
            "{coding}"
        );
    }
}

proptest! {
    #![proptest_config(crate::properties::cases(200))]
    #[test]
    fn broken_bodies_neither_panic_nor_outgrow_the_limit(
        (which, at, byte) in (0usize..4, 0usize..200, any::<u8>()),
        text in prop::collection::vec(0u8..4, 0..400),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let coding = Coding::ALL[which];
        let mut packed = pack(coding, &text);
        let at = at % packed.len();
        packed[at] = byte;
        packed.truncate(packed.len() - (at % 3));
        for bytes in [packed, noise] {
            if let Ok(plain) = unpack(coding, &bytes, 1_000) {
                prop_assert!(plain.len() <= 1_000);
            }
        }
    }
}

#[test]
fn what_is_cut_off_or_has_more_behind_it_is_told() {
    for coding in Coding::ALL {
        for text in &texts()[1..] {
            let packed = pack(coding, text);
            for cut in [0, 1, 3, packed.len() / 2, packed.len() - 1] {
                let damage = unpack(coding, &packed[..cut], LIMIT);
                assert_eq!(damage, Err(Damage::short()), "{coding} {cut}");
            }
            let more = [packed, b"more".to_vec()].concat();
            let damage = Damage::Wrong("has 4 B behind its end".into());
            assert_eq!(unpack(coding, &more, LIMIT), Err(damage), "{coding}");
        }
        let Err(Damage::Wrong(what)) = unpack(coding, b"<!doctype html><p>no", LIMIT) else {
            panic!("{coding} takes anything");
        };
        assert!(what.starts_with("is damaged: "), "{coding}: {what}");
    }
}

#[test]
fn a_flipped_bit_is_found_where_there_is_a_checksum() {
    let text = &texts()[2];
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
        let mut packed = pack(coding, text);
        let last = packed.len() - 1;
        let at = if coding == Coding::Gzip {
            last - 5
        } else {
            last
        };
        packed[at] ^= 1;
        assert!(
            matches!(unpack(coding, &packed, LIMIT), Err(Damage::Wrong(_))),
            "{coding}"
        );
    }
}

#[test]
fn bombs_stop_at_the_limit() {
    for coding in Coding::ALL {
        let bomb = pack(coding, &vec![0; 8 * LIMIT]);
        assert!(bomb.len() < LIMIT / 100, "{coding}: {}", bomb.len());
        assert_eq!(unpack(coding, &bomb, LIMIT), Err(Damage::TooLong));
        let all = pack(coding, &vec![0; LIMIT]);
        assert_eq!(unpack(coding, &all, LIMIT).unwrap().len(), LIMIT);
    }
}

#[test]
fn layers_come_off_in_their_order() {
    for (lines, expected) in [
        (&["gzip"][..], Ok(vec![Coding::Gzip])),
        (&["BR , x-gzip"], Ok(vec![Coding::Br, Coding::Gzip])),
        (
            &["zstd", "deflate,identity"],
            Ok(vec![Coding::Zstd, Coding::Deflate]),
        ),
        (&["identity", ""], Ok(vec![])),
        (&["gzip, exi"], Err("exi".into())),
        (&["gzip,gzip,gzip", "gzip,gzip"], Err("5 layers".into())),
    ] {
        let head = Head::of(lines.iter().map(|line| ("content-encoding", *line)));
        assert_eq!(codings(&head), expected);
    }
}
