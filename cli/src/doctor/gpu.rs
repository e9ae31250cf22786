//! The GPU and its driver, as NVIDIA's own library tells. It comes with the driver and is loaded when it is asked: a machine
//! without one has none, which is no error.

use std::ffi::OsStr;

use model::Device;
use nvml_wrapper::{Nvml, error::NvmlError};

use crate::{doctor::Finding, settings::ModelSettings};

const NAME: &str = "gpu";
/// The name that the driver's packages install; the one without a number is for those who compile against it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// What the driver knows.
struct Seen {
    driver: String,
    /// As 13.0; none where it isn't said.
    cuda: Option<String>,
    gpus: Vec<Gpu>,
}

struct Gpu {
    name: String,
    free_bytes: u64,
    total_bytes: u64,
}

/// Whether the GPUs that the settings name are there, and libtorch can use them.
pub fn look(settings: &ModelSettings) -> Finding {
    let seen = seen();
    match (wanted(settings), seen) {
        (None, Ok(seen)) if seen.gpus.is_empty() => {
            Finding::ok(NAME, format!("none, and none is set: {}", seen.driver_text()))
        }
        (None, Ok(seen)) => {
            Finding::ok(NAME, format!("{}; not used: model.device is {}", seen.text(), settings.device))
        }
        (None, Err(error)) => {
            Finding::ok(NAME, format!("{}, and none is needed: model.device is {}", said(&error), settings.device))
        }
        (Some(_), Err(error)) => Finding::failed(
            NAME,
            format!("{}, and model.device is {}", said(&error), settings.device),
            "install NVIDIA's driver (in a container: its container toolkit, and --gpus all), or set model.device to cpu",
        ),
        (Some(devices), Ok(seen)) => judge(settings, &devices, &seen, usable),
    }
}

/// The GPUs that the settings name; none where the processor or another program computes.
pub fn wanted(settings: &ModelSettings) -> Option<Vec<Device>> {
    let devices = settings.device.split(',').filter_map(|device| device.trim().parse().ok());
    let gpus: Vec<Device> = devices.filter(|device| matches!(device, Device::Cuda(_))).collect();
    (settings.backend == crate::settings::BackendName::Torch && !gpus.is_empty()).then_some(gpus)
}

fn judge(
    settings: &ModelSettings,
    devices: &[Device],
    seen: &Seen,
    usable: impl Fn(Device) -> Result<(), String>,
) -> Finding {
    let count = seen.gpus.len();
    for device in devices {
        if let Device::Cuda(index) = device
            && *index >= count
        {
            let found = format!("{}; model.device is {}", seen.text(), settings.device);
            return Finding::failed(
                NAME,
                found,
                format!("{device} is not there: GPUs are counted from cuda:0, and there are {count}"),
            );
        }
        if let Err(reason) = usable(*device) {
            let found = format!("{}; libtorch can't use {device}: {reason}", seen.text());
            return Finding::failed(
                NAME,
                found,
                "bring driver and libtorch together: the driver must know libtorch's CUDA or a later one",
            );
        }
    }
    Finding::ok(NAME, seen.text())
}

#[cfg(feature = "torch")]
fn usable(device: Device) -> Result<(), String> {
    model::probe(device).map_err(|error| crate::failure::told(&error.into()).0)
}

#[cfg(not(feature = "torch"))]
fn usable(_: Device) -> Result<(), String> {
    Err("this program was built without it".into())
}

fn seen() -> Result<Seen, NvmlError> {
    let nvml = Nvml::builder().lib_path(OsStr::new(LIBRARY)).init()?;
    let mut gpus = Vec::new();
    for index in 0..nvml.device_count()? {
        let gpu = nvml.device_by_index(index)?;
        let memory = gpu.memory_info()?;
        gpus.push(Gpu { name: gpu.name()?, free_bytes: memory.free, total_bytes: memory.total });
    }
    // Thousands and tens: 13010 is 13.1.
    let cuda =
        nvml.sys_cuda_driver_version().ok().map(|version| format!("{}.{}", version / 1_000, version % 1_000 / 10));
    Ok(Seen { driver: nvml.sys_driver_version()?, cuda, gpus })
}

fn said(error: &NvmlError) -> String {
    match error {
        NvmlError::LibloadingError(_) => "no NVIDIA driver".into(),
        error => format!("the NVIDIA driver doesn't answer ({error})"),
    }
}

impl Seen {
    fn driver_text(&self) -> String {
        let cuda = self.cuda.as_deref().map_or_else(String::new, |cuda| format!(", CUDA {cuda}"));
        format!("driver {}{cuda}", self.driver)
    }

    fn text(&self) -> String {
        let gib = |bytes: u64| bytes as f64 / (1_u64 << 30) as f64;
        let gpus = self.gpus.iter().enumerate();
        let gpus = gpus.map(|(index, Gpu { name, free_bytes, total_bytes })| {
            format!("cuda:{index} {name}, {:.1} of {:.1} GiB free", gib(*free_bytes), gib(*total_bytes))
        });
        format!("{}; {}", gpus.collect::<Vec<_>>().join("; "), self.driver_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    fn machine(gpus: usize) -> Seen {
        let gpu = || Gpu { name: "H100".into(), free_bytes: 60 << 30, total_bytes: 80 << 30 };
        Seen { driver: "580.65".into(), cuda: Some("13.0".into()), gpus: (0..gpus).map(|_| gpu()).collect() }
    }

    fn settings(device: &str) -> ModelSettings {
        ModelSettings { device: device.into(), ..ModelSettings::default() }
    }

    #[test]
    fn gpus_that_are_named_must_be_there_and_usable() {
        for (device, gpus, works, state, says) in [
            ("cuda:0", 1, true, State::Ok, "cuda:0 H100, 60.0 of 80.0 GiB free; driver 580.65, CUDA 13.0"),
            ("cuda:0,cuda:1", 1, true, State::Failed, "there are 1"),
            ("cuda:1", 2, false, State::Failed, "can't use cuda:1: too old"),
        ] {
            let settings = settings(device);
            let devices = wanted(&settings).unwrap();
            let usable = |_| if works { Ok(()) } else { Err("too old".to_owned()) };
            let finding = judge(&settings, &devices, &machine(gpus), usable);
            assert_eq!(finding.state, state, "{finding:?}");
            let text = format!("{} {}", finding.found, finding.fix.unwrap_or_default());
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn a_processor_needs_no_driver() {
        assert_eq!(look(&settings("cpu")).state, State::Ok);
        assert!(wanted(&settings("cpu")).is_none());
        let server = ModelSettings { backend: crate::settings::BackendName::OpenAi, ..settings("cuda:0") };
        assert!(wanted(&server).is_none());
        // Nothing has that many.
        let finding = look(&settings("cuda:255"));
        assert_eq!(finding.state, State::Failed, "{finding:?}");
    }
}
