//! The library that computes.

use crate::{doctor::Finding, settings::ModelSettings};

const NAME: &str = "libtorch";

/// Whether the libtorch that was loaded is the one that this program was built for, and where it came from. A program that
/// finds none doesn't start: that the loader says.
#[cfg(feature = "torch")]
pub fn look(settings: &ModelSettings) -> Finding {
    use model::{LIBTORCH_VERSION, libtorch_version};

    let Some(found) = libtorch_version() else {
        let found = format!("a libtorch that doesn't say its version; this program was built for {LIBTORCH_VERSION}");
        return Finding::warning(
            NAME,
            found,
            format!("put the folder of libtorch {LIBTORCH_VERSION} into LD_LIBRARY_PATH"),
        );
    };
    let folder = loaded_from(&std::fs::read_to_string("/proc/self/maps").unwrap_or_default());
    let place = folder.as_deref().map_or_else(String::new, |folder| format!(" in {folder}"));
    if found != LIBTORCH_VERSION {
        let found = format!("libtorch {found}{place}; this program was built for {LIBTORCH_VERSION}");
        let fix = "unset LD_LIBRARY_PATH, or put the folder of the right libtorch into it";
        return Finding::failed(NAME, found, fix);
    }
    let has_cuda = folder.is_some_and(|folder| std::path::Path::new(&folder).join("libtorch_cuda.so").exists());
    let cuda = if has_cuda { "with CUDA" } else { "for the processor alone" };
    let found = format!("libtorch {found}{place}, {cuda}");
    if super::gpu::wanted(settings).is_some() && !has_cuda {
        let fix = format!(
            "put libtorch {LIBTORCH_VERSION} with CUDA there: PyTorch's wheel has it, and so has the CUDA image"
        );
        return Finding::failed(NAME, found, fix);
    }
    Finding::ok(NAME, found)
}

/// Passing requests on needs none.
#[cfg(not(feature = "torch"))]
pub fn look(settings: &ModelSettings) -> Finding {
    match settings.backend {
        crate::settings::BackendName::OpenAi => Finding::ok(NAME, "built without it, and model.backend is \"openai\""),
        crate::settings::BackendName::Torch => Finding::failed(
            NAME,
            "this program was built without libtorch",
            "set model.backend to \"openai\", or take a build with libtorch",
        ),
    }
}

/// The folder of the library, by the process's own map.
#[cfg(feature = "torch")]
fn loaded_from(maps: &str) -> Option<String> {
    let path = maps.lines().find_map(|line| {
        let at = line.find('/')?;
        line[at..].ends_with("/libtorch_cpu.so").then_some(&line[at..])
    })?;
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned())
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn the_tests_own_libtorch_will_do_and_has_no_cuda() {
        let mut settings = ModelSettings::default();
        let finding = look(&settings);
        assert_eq!(finding.state, State::Ok, "{finding:?}");
        assert!(finding.found.contains("libtorch") && finding.found.contains(" in /"), "{finding:?}");
        let has_cuda = finding.found.ends_with("with CUDA");
        settings.device = "cuda:0".into();
        assert_eq!(look(&settings).state, if has_cuda { State::Ok } else { State::Failed });
    }

    #[test]
    fn the_map_names_the_folder() {
        let maps = "7f00-7f01 r-xp 00000000 08:01 12  /lib/libc.so.6\n\
                    7f02-7f03 r-xp 00000000 08:01 13  /opt/with a space/torch/lib/libtorch_cpu.so\n";
        assert_eq!(loaded_from(maps).as_deref(), Some("/opt/with a space/torch/lib"));
        assert_eq!(loaded_from("7f00-7f01 rw-p 00000000 00:00 0 [heap]\n"), None);
    }
}
