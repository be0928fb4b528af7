//! Finds a compiler for `wasm32-unknown-unknown`: rustup's target when it is installed, Debian's packages otherwise.

use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the console is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LIBRARY_SOURCE: &str = "/usr/lib/rustlib/src";
/// The one the `lld-19` package installs; `rust-lld` of Debian's `rust-web-llvm` is a dangling link.
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-19";

/// A way to compile for the browser.
pub enum Toolchain {
    /// The compiler in use has the target's standard library.
    Installed,
    /// Debian's compiler builds the standard library from its source package.
    DebianSource,
}

/// Looks for a usable compiler, without running a build.
pub fn detect() -> Result<Toolchain> {
    if has_target_library(&variable("RUSTC", "rustc")) {
        return Ok(Toolchain::Installed);
    }
    if [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LIBRARY_SOURCE, DEBIAN_LINKER].iter().all(|path| Path::new(path).exists()) {
        return Ok(Toolchain::DebianSource);
    }
    bail!(
        "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
         `apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-19`"
    )
}

impl Toolchain {
    /// A cargo command in the right environment.
    pub fn cargo(&self) -> Command {
        match self {
            Self::Installed => {
                let mut command = Command::new(variable("CARGO", "cargo"));
                forget_own_build(&mut command, &["CARGO_PKG", "CARGO_MANIFEST"]);
                command
            }
            Self::DebianSource => {
                let mut command = Command::new(DEBIAN_CARGO);
                forget_own_build(&mut command, &["RUSTUP", "CARGO_PKG", "CARGO_MANIFEST"]);
                command
                    .env_remove("CARGO")
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
                command
            }
        }
    }

    pub fn extra_arguments(&self) -> &'static [&'static str] {
        match self {
            Self::Installed => &[],
            Self::DebianSource => &["-Zbuild-std=std,panic_abort"],
        }
    }

    /// What the compiler calls itself; another one makes another module.
    pub fn version(&self) -> Result<String> {
        let rustc = match self {
            Self::Installed => variable("RUSTC", "rustc"),
            Self::DebianSource => DEBIAN_RUSTC.to_owned(),
        };
        let output = Command::new(&rustc).arg("--version").output().with_context(|| format!("cannot start {rustc}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo tells its children by environment which compiler is in use")]
fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Removes the variables that cargo set for this program; a build script would take them for its own.
#[expect(clippy::disallowed_methods, reason = "variables have to be known to be removed")]
fn forget_own_build(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
}

/// Whether the compiler has a `core` for the target; asking for the folder alone succeeds without one.
fn has_target_library(rustc: &str) -> bool {
    Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
        .and_then(|folder| fs::read_dir(folder).ok())
        .is_some_and(|entries| entries.flatten().any(|e| e.file_name().to_string_lossy().starts_with("libcore-")))
}
