//! What must stand before the work begins: environment and limits of the process.

use std::{env, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// libgomp reads this before `main`. Its default has idle threads spin, which slows the model ninefold as soon as one
/// other process wants the same cores.
const WAIT_POLICY: &str = "OMP_WAIT_POLICY";

/// Take as many open files as the system allows: a shell allows 1,024, and a validator of a large subnet keeps a connection
/// to each of 4,096 miners.
pub fn with_all_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it isn't allowed, what there is has to do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Make sure that libtorch's threads sleep when they wait: start over, once, with the variable set. Returns where it
/// is set already, or where the system won't start us again: slower, and no reason to stop.
pub fn with_patient_threads() {
    if env::var_os(WAIT_POLICY).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let error = command.args(arguments).env(WAIT_POLICY, "PASSIVE").exec();
    eprintln!("assay: cannot start over with {WAIT_POLICY}=PASSIVE: {error}; the model may be slow");
}
