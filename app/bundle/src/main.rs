//! Builds what the console needs in the browser into `target/site/pkg`: the wasm module, its glue script, the style
//! sheet and the icon, each also compressed. Does nothing for inputs that have not changed since the last run.

mod fingerprint;
mod styles;
mod toolchain;

use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Cargo profile of the browser build; defined in the workspace manifest.
const PROFILE: &str = "wasm-release";
/// Base name of the files the server links to.
const NAME: &str = "console";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bundle: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    if let Some(argument) = std::env::args().nth(1) {
        bail!("unexpected argument `{argument}`; this program takes none");
    }
    let root = workspace_root()?;
    let out = root.join("target/site/pkg");
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    bundle_styles(&root, &out)?;
    bundle_wasm(&root, &out)
}

fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).context("the bundle crate is not inside the workspace")?;
    Ok(root.to_owned())
}

fn bundle_styles(root: &Path, out: &Path) -> Result<()> {
    let stamp = fingerprint::Stamp::new(out.join(".styles"), fingerprint::of(root, &["style", "app/bundle/src"])?);
    if stamp.is_current(&[&out.join("console.css")]) {
        return Ok(());
    }
    write(&out.join(format!("{NAME}.css")), styles::collect(&root.join("style"))?.as_bytes())?;
    let icon = root.join("style/icon.svg");
    write(&out.join("icon.svg"), &fs::read(&icon).with_context(|| format!("cannot read {}", icon.display()))?)?;
    stamp.save()
}

fn bundle_wasm(root: &Path, out: &Path) -> Result<()> {
    let inputs =
        ["app/src", "app/hydrate", "app/bundle/src", "app/Cargo.toml", "media/protocol", "Cargo.toml", "Cargo.lock"];
    let toolchain = toolchain::detect()?;
    let print = format!("{} {}", fingerprint::of(root, &inputs)?, toolchain.version()?);
    let stamp = fingerprint::Stamp::new(out.join(".wasm"), print);
    let module = out.join(format!("{NAME}_bg.wasm"));
    let script = out.join(format!("{NAME}.js"));
    if stamp.is_current(&[&module, &script]) {
        return Ok(());
    }
    eprintln!("bundle: building the console for the browser (minutes the first time, seconds after an edit)");
    let target_dir = root.join("target/front");
    let status = toolchain
        .cargo()
        .current_dir(root)
        .args(["build", "--package", "hydrate", "--target", toolchain::TARGET, "--profile", PROFILE])
        .args(toolchain.extra_arguments())
        .arg("--target-dir")
        .arg(&target_dir)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the console did not compile for the browser; the messages are above");
    }
    let compiled = target_dir.join(toolchain::TARGET).join(PROFILE).join("hydrate.wasm");
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&compiled)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
        .context("wasm-bindgen failed")?;
    let sizes = [compress(&module)?, compress(&script)?];
    eprintln!("bundle: module {} bytes, script {} bytes (brotli)", sizes[0], sizes[1]);
    stamp.save()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    compress(path).map(drop)
}

/// Writes `.br` and `.gz` beside the file, for the server to send as they are; answers the size of the former.
fn compress(path: &Path) -> Result<u64> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let beside = |extension: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let mut gzip = flate2::write::GzEncoder::new(fs::File::create(beside(".gz"))?, flate2::Compression::best());
    std::io::copy(&mut bytes.as_slice(), &mut gzip)?;
    gzip.finish()?;
    let mut brotli = fs::File::create(beside(".br"))?;
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut brotli, &brotli::enc::BrotliEncoderParams::default())?;
    Ok(fs::metadata(beside(".br"))?.len())
}
