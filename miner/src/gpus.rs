//! What NVIDIA's driver says of the GPUs. Its library is looked for while the miner runs and need not be there.

use std::{collections::BTreeSet, ffi::OsStr, time::Duration};

use dashboard::{Board, Gpu, GpuState, Gpus, Serving};
use nvml_wrapper::{Nvml, enum_wrappers::device::TemperatureSensor, error::NvmlError};
use tokio::time::{MissedTickBehavior, interval};

use crate::metrics;

/// The name that the driver's packages install.
const LIBRARY: &str = "libnvidia-ml.so.1";
/// How often it is asked.
const EVERY: Duration = Duration::from_secs(5);
/// A board has so many at most.
const MOST: u32 = 64;

/// What the driver says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Readings {
    driver: Option<String>,
    gpus: Vec<Gpu>,
}

/// Why it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Silence {
    #[error("there is no driver")]
    NoDriver,
    #[error("{0}")]
    Failed(String),
}

impl From<NvmlError> for Silence {
    fn from(error: NvmlError) -> Self {
        match error {
            NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded => Self::NoDriver,
            error => Self::Failed(error.to_string()),
        }
    }
}

/// The driver's library, once it was found.
#[derive(Default)]
struct Driver(Option<Nvml>);

impl Driver {
    fn read(&mut self) -> Result<Readings, Silence> {
        let nvml = match self.0.take() {
            Some(nvml) => nvml,
            None => Nvml::builder().lib_path(OsStr::new(LIBRARY)).init()?,
        };
        let count = nvml.device_count()?.min(MOST);
        // One that is gone, or that may not be looked at, doesn't hide the others.
        let gpus = (0..count).filter_map(|index| gpu(&nvml, index).ok()).collect();
        let driver = nvml.sys_driver_version().ok();
        self.0 = Some(nvml);
        Ok(Readings { driver, gpus })
    }
}

fn gpu(nvml: &Nvml, index: u32) -> Result<Gpu, NvmlError> {
    let device = nvml.device_by_index(index)?;
    let memory = device.memory_info().ok();
    Ok(Gpu {
        index,
        name: device.name()?,
        utilisation_percent: device.utilization_rates().ok().map(|rates| rates.gpu),
        memory_used_bytes: memory.as_ref().map(|memory| memory.used),
        memory_total_bytes: memory.as_ref().map(|memory| memory.total),
        power_milliwatts: device.power_usage().ok(),
        power_limit_milliwatts: device.enforced_power_limit().ok(),
        temperature_celsius: device.temperature(TemperatureSensor::Gpu).ok(),
    })
}

/// As it is shown.
fn shown(read: Result<Readings, Silence>) -> Gpus {
    match read {
        Ok(Readings { driver, gpus }) => Gpus { state: GpuState::Ok, trouble: None, driver, list: gpus },
        Err(Silence::NoDriver) => Gpus { state: GpuState::NoDriver, ..Gpus::default() },
        Err(Silence::Failed(why)) => Gpus { state: GpuState::Failed, trouble: Some(why), ..Gpus::default() },
    }
}

/// Ask again and again, and write down what it says. A driver that hangs holds up nothing but this.
pub(crate) async fn watch(board: Board<Serving>) {
    let mut driver = Driver::default();
    let mut measured = BTreeSet::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = tokio::task::spawn_blocking(move || (driver.read(), driver)).await;
        let (read, back) =
            asked.unwrap_or_else(|_| (Err(Silence::Failed("its library panicked".into())), Driver::default()));
        driver = back;
        let gpus = shown(read);
        measure(&gpus.list, &mut measured);
        board.update(|serving| serving.gpus = gpus);
    }
}

/// As metrics. Of one that is gone nothing is known any more.
fn measure(gpus: &[Gpu], measured: &mut BTreeSet<u32>) {
    let now: BTreeSet<u32> = gpus.iter().map(|gpu| gpu.index).collect();
    let gone: Vec<Gpu> = measured.difference(&now).map(|index| Gpu { index: *index, ..Gpu::default() }).collect();
    metrics::gpus(&gone);
    metrics::gpus(gpus);
    measured.extend(now);
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use serde_json::json;

    use super::*;

    fn reading() -> Gpu {
        Gpu {
            index: 1,
            name: "NVIDIA H100".into(),
            utilisation_percent: Some(87),
            memory_used_bytes: Some(60 << 30),
            memory_total_bytes: Some(80 << 30),
            power_milliwatts: Some(612_500),
            power_limit_milliwatts: Some(700_000),
            temperature_celsius: Some(64),
        }
    }

    #[test]
    fn readings_are_shown_and_measured() {
        let silent = Gpu { index: 0, name: "MIG".into(), ..Gpu::default() };
        let gpus = shown(Ok(Readings { driver: Some("580.65".into()), gpus: vec![silent, reading()] }));
        let document = serde_json::to_value(&gpus).unwrap();
        assert_eq!((&document["state"], &document["driver"]), (&json!("ok"), &json!("580.65")));
        assert_eq!(document["list"][0]["utilisation_percent"], json!(null));
        assert_eq!(document["list"][1]["power_milliwatts"], json!(612_500));

        let recorder = PrometheusBuilder::new().build_recorder();
        let mut measured = BTreeSet::new();
        ::metrics::with_local_recorder(&recorder, || measure(&gpus.list, &mut measured));
        let page = recorder.handle().render();
        for line in [
            "miner_gpu_utilisation_ratio{gpu=\"1\"} 0.87",
            "miner_gpu_power_watts{gpu=\"1\"} 612.5",
            "miner_gpu_temperature_celsius{gpu=\"1\"} 64",
            "miner_gpu_utilisation_ratio{gpu=\"0\"} NaN",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in {page}");
        }
        assert!(page.contains("miner_gpu_memory_used_bytes{gpu=\"1\"} 64424509440"), "{page}");
        ::metrics::with_local_recorder(&recorder, || measure(&[], &mut measured));
        let page = recorder.handle().render();
        assert!(page.contains("miner_gpu_power_watts{gpu=\"1\"} NaN") && !page.contains("612.5"), "{page}");
    }

    #[test]
    fn a_machine_without_a_driver_has_none_which_is_no_error() {
        let state = |read| serde_json::to_value(shown(read)).unwrap()["state"].clone();
        assert_eq!(state(Err(Silence::NoDriver)), "no_driver");
        assert_eq!(state(Err(NvmlError::DriverNotLoaded.into())), "no_driver");
        let failed = shown(Err(NvmlError::GpuLost.into()));
        assert_eq!(failed.state, GpuState::Failed);
        assert!(failed.trouble.is_some_and(|why| !why.is_empty()) && failed.list.is_empty());
        // Whatever this machine has, asking is no panic.
        drop(shown(Driver::default().read()));
    }
}
