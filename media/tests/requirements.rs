//! What the mixer needs of the system is asked for before the first call.

use std::process::Command;

fn check() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mixdown-media"));
    command.arg("check-mixer");
    command
}

#[test]
fn an_installed_system_passes() {
    let checked = check().output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_missing_package_is_named_in_one_sentence() {
    let nothing = tempfile::tempdir().unwrap();
    let checked = check()
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", nothing.path())
        .env("GST_PLUGIN_PATH_1_0", nothing.path())
        .env("GST_REGISTRY_1_0", nothing.path().join("registry"))
        .output()
        .unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("gstreamer1.0-plugins-base is not installed"), "{said}");
}
