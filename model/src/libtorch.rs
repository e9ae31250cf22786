//! The library itself: its version, its devices, its threads.

use std::{num::NonZero, sync::OnceLock, thread};

use crate::{Device, Dtype, ModelError};

/// The version that this program was built against.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// How libtorch is used by one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Threads for one operation on the processor. Half of the cores if not given: operations that wait for a core
    /// which somebody else has are slower than operations on fewer cores.
    ///
    /// A program that shares its machine should also start with `OMP_WAIT_POLICY=PASSIVE`; it can't be set here
    /// because OpenMP reads it before `main`.
    pub threads: Option<NonZero<usize>>,
    /// The number type that an encoder is computed in. By default f32, on which vectors of two machines agree. A
    /// TorchScript module has types of its own.
    pub dtype: Option<Dtype>,
}

impl Options {
    /// For the calling thread, which must be the one that will run the model.
    pub(crate) fn apply(self) {
        use_threads(self.threads.unwrap_or_else(usual_threads));
    }
}

/// Half of the cores.
pub(crate) fn usual_threads() -> NonZero<usize> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    NonZero::new(cores / 2).unwrap_or(NonZero::<usize>::MIN)
}

/// So many for operations that the calling thread starts.
pub(crate) fn use_threads(threads: NonZero<usize>) {
    tch::set_num_threads(i32::try_from(threads.get()).unwrap_or(i32::MAX));
}

/// The version of the libtorch that was loaded, if it says.
pub fn libtorch_version() -> Option<String> {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    VERSION.get_or_init(loaded::version).clone()
}

/// Whether the right libtorch is here and can use a device; why not otherwise. Of a GPU its CUDA libraries are loaded.
pub fn probe(device: Device) -> Result<(), ModelError> {
    open(device).map(drop)
}

/// Makes sure that the right libtorch is here and that it can use the device.
pub(crate) fn open(device: Device) -> Result<tch::Device, ModelError> {
    if let Some(found) = libtorch_version().filter(|found| found != LIBTORCH_VERSION) {
        return Err(ModelError::LibtorchVersion { expected: LIBTORCH_VERSION, found });
    }
    let Device::Cuda(index) = device else {
        return Ok(tch::Device::Cpu);
    };
    static CUDA: OnceLock<Result<(), String>> = OnceLock::new();
    let unavailable = |reason| ModelError::DeviceUnavailable { device, reason };
    CUDA.get_or_init(loaded::load_cuda).clone().map_err(unavailable)?;
    if !tch::Cuda::is_available() {
        return Err(unavailable("libtorch finds no CUDA device or driver".to_owned()));
    }
    let count = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    if index >= count {
        return Err(unavailable(format!("this machine has {count} CUDA devices, counted from 0")));
    }
    Ok(tch::Device::Cuda(index))
}

/// The two things that only the dynamic loader can tell or do.
#[allow(unsafe_code)]
mod loaded {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

    /// libtorch packs its version into the top three bytes of a number.
    pub(super) fn version() -> Option<String> {
        // SAFETY: the symbol is a C function without arguments that returns a constant (torch/csrc/inductor/aoti_torch
        // declares it so in every version that has it), and the library that holds it is never unloaded.
        let packed = unsafe {
            let version = Library::this().get::<unsafe extern "C" fn() -> u64>(b"aoti_torch_abi_version\0").ok()?;
            version()
        };
        let [major, minor, patch, ..] = packed.to_be_bytes();
        Some(format!("{major}.{minor}.{patch}"))
    }

    /// The linker drops libtorch_cuda.so from a program that names none of its symbols. Loading it registers its
    /// kernels, so that one program serves machines with and without CUDA.
    pub(super) fn load_cuda() -> Result<(), String> {
        // SAFETY: the library's initialisers only register kernels with libtorch, and it stays loaded for good.
        let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
        library.map(std::mem::forget).map_err(|error| error.to_string())
    }
}
