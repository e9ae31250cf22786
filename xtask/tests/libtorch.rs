//! Which folders are taken for the right libtorch, and what is said of the others.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::{LIBTORCH, check_exported, check_fetched, exported, lay_out_pytorch, link, pytorch_version};

/// A folder with every file of a libtorch, all of them empty.
fn fake(version: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let files =
        ["include/torch/csrc/api/include/torch/torch.h", "lib/libtorch.so", "lib/libtorch_cpu.so", "lib/libc10.so"];
    for file in files {
        write(&folder.path().join(file), "");
    }
    write(&folder.path().join("build-version"), version);
    folder
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn complaint(folder: &Path) -> String {
    format!("{:#}", check_exported(folder).unwrap_err())
}

#[test]
fn an_exported_libtorch_of_the_right_version_is_taken() {
    check_exported(fake("2.11.0\n").path()).unwrap();
    check_exported(fake("2.11.0+cu130").path()).unwrap();
}

#[test]
fn a_wrong_version_is_named_together_with_the_wanted_one() {
    let folder = fake("2.9.1+cpu\n");
    let line = complaint(folder.path());
    assert!(line.contains("libtorch 2.9.1+cpu found, 2.11.0 wanted"), "{line}");
    assert!(line.contains(&folder.path().display().to_string()), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn what_is_not_a_libtorch_is_refused_with_the_reason() {
    assert!(complaint(Path::new("/nonexistent/libtorch")).contains("no such folder"));
    assert!(complaint(Path::new("libtorch")).contains("absolute"));
    assert!(complaint(TempDir::new().unwrap().path()).contains("build-version"));
    let folder = fake("2.11.0");
    fs::remove_file(folder.path().join("lib/libc10.so")).unwrap();
    assert!(complaint(folder.path()).contains("lib/libc10.so is missing"));
}

#[test]
fn the_value_that_cargo_hands_on_is_no_export() {
    let link = Path::new("/checkout/.libtorch");
    assert_eq!(exported(None, link), None);
    assert_eq!(exported(Some(PathBuf::new()), link), None);
    assert_eq!(exported(Some(link.into()), link), None);
    assert_eq!(exported(Some("/opt/libtorch".into()), link), Some("/opt/libtorch".into()));
}

#[test]
fn a_half_made_cache_is_not_complete() {
    let folder = fake("2.11.0");
    for name in ["libgomp.so.1", "libcudart.so.13", "libcupti.so.13"] {
        write(&folder.path().join("lib").join(name), "");
    }
    let truncated = format!("{:#}", check_fetched(folder.path()).unwrap_err());
    assert!(truncated.contains("has 0 bytes, 1498969 wanted"), "{truncated}");

    // The sizes are right, the stamp is not there: the run that made it never came to its end.
    for (name, size) in [
        ("libc10.so", 1_498_969),
        ("libcudart.so.13", 704_288),
        ("libcupti.so.13", 4_152_208),
        ("libgomp.so.1", 254_009),
        ("libtorch_cpu.so", 451_209_129),
    ] {
        fs::File::create(folder.path().join("lib").join(name)).unwrap().set_len(size).unwrap();
    }
    check_fetched(folder.path()).unwrap();
    assert!(!LIBTORCH.is_complete(folder.path(), check_fetched));
    fs::write(folder.path().join(LIBTORCH.stamp), "").unwrap();
    assert!(LIBTORCH.is_complete(folder.path(), check_fetched));
}

#[test]
fn an_installed_pytorch_is_laid_out_as_links_to_its_cpu_part() {
    let site = TempDir::new().unwrap();
    let torch = site.path().join("torch");
    write(&torch.join("version.py"), "from typing import Optional\n\n__version__ = '2.11.0+cu130'\ndebug = False\n");
    write(&torch.join("include/torch/csrc/api/include/torch/torch.h"), "");
    for name in ["libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libc10.so", "libc10_cuda.so", "libgomp.so.1"] {
        write(&torch.join("lib").join(name), "");
    }
    write(&site.path().join("nvidia/cu13/lib/libcudart.so.13"), "");
    write(&site.path().join("nvidia/cu13/lib/libnvperf_host.so"), "");
    assert_eq!(pytorch_version(&torch).as_deref(), Some("2.11.0+cu130"));

    let folder = site.path().join("laid-out");
    lay_out_pytorch(&torch, &folder).unwrap();
    check_exported(&folder).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.join("lib"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["libc10.so", "libcudart.so.13", "libgomp.so.1", "libtorch.so", "libtorch_cpu.so"]);
    assert_eq!(fs::read_link(folder.join("lib/libtorch.so")).unwrap(), Path::new("libtorch_cpu.so"));
}

#[test]
fn the_link_is_replaced_and_a_folder_in_its_place_is_left_alone() {
    let root = TempDir::new().unwrap();
    let at = root.path().join(".libtorch");
    link(&at, Path::new("/one")).unwrap();
    link(&at, Path::new("/two")).unwrap();
    assert_eq!(fs::read_link(&at).unwrap(), Path::new("/two"));
    fs::remove_file(&at).unwrap();
    fs::create_dir(&at).unwrap();
    assert!(link(&at, Path::new("/three")).unwrap_err().to_string().contains("move it away"));
    assert!(at.is_dir());
}
