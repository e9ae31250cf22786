//! Gives the package's test binaries a run path to libtorch, so that they start with nothing exported. Cargo tells the
//! folder to direct dependents of torch-sys only, which is why that is a dependency.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
