//! Builds and reads enclave images with AWS's own library.
//!
//! `build KERNEL CMDLINE METADATA OUT KEY CERTIFICATE RAMDISK…` writes an image (KEY and CERTIFICATE
//! are `-` for none) and prints its measurements; `describe EIF` prints those of another.

use aws_nitro_enclaves_image_format::defs::EifIdentityInfo;
use aws_nitro_enclaves_image_format::utils::eif_reader::EifReader;
use aws_nitro_enclaves_image_format::utils::{EifBuilder, PcrSignatureChecker, SignKeyData};
use sha2::{Digest, Sha384};
use std::fs::{self, OpenOptions};
use std::path::Path;

fn build(arguments: &[String]) {
    let [kernel, cmdline, metadata, out, key, certificate, ramdisks @ ..] = arguments else {
        panic!("build KERNEL CMDLINE METADATA OUT KEY CERTIFICATE RAMDISK…");
    };
    let metadata = fs::read_to_string(metadata).expect("metadata");
    let info: EifIdentityInfo = serde_json::from_str(&metadata).expect("metadata");
    let signer = (key != "-")
        .then(|| SignKeyData::new(key, Path::new(certificate)).expect("key and certificate"));
    let mut builder =
        EifBuilder::new(Path::new(kernel), cmdline.clone(), signer, Sha384::new(), 0, info);
    for ramdisk in ramdisks {
        builder.add_ramdisk(Path::new(ramdisk));
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(out)
        .expect("image");
    let measurements = builder.write_to(&mut file);
    println!("{}", serde_json::to_string(&measurements).expect("measurements"));
}

fn describe(path: &str) {
    let mut reader = EifReader::from_eif(path.to_string()).expect("image");
    let crc = reader.check_crc();
    let measurements = reader.get_measurements().expect("measurements");
    let mut checker = PcrSignatureChecker::from_eif(path).expect("signature");
    let signature = if checker.is_empty() {
        "none".to_string()
    } else {
        checker.verify().map_or_else(|error| error, |()| "good".to_string())
    };
    let facts = serde_json::json!({ "crc": crc, "measurements": measurements, "signature": signature });
    println!("{facts}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, rest)) if command == "build" => build(rest),
        Some((command, rest)) if command == "describe" && rest.len() == 1 => describe(&rest[0]),
        _ => panic!("build or describe"),
    }
}
