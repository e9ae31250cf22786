//! The distributions of a calibration as a picture: where the honest lie, where cheats lie, and the threshold between.

use anyhow::Context as _;
use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries, RGBColor, Rectangle,
        SVGBackend, Text,
    },
    style::{IntoFont, WHITE},
};
use scoring::calibration::{Conduct, Observed};
use scoring::proof::Thresholds;

use crate::drawing::{INK, drawing};

const SIZE: (u32, u32) = (1_100, 1_240);
/// Okabe and Ito's colours, which the colour-blind can tell apart.
const HONEST: RGBColor = RGBColor(0, 114, 178);
const ROUNDED: RGBColor = RGBColor(230, 159, 0);
const CHEAT: RGBColor = RGBColor(213, 94, 0);
const THRESHOLD: RGBColor = RGBColor(40, 40, 40);
/// Points of a row.
const POINTS: usize = 24;
/// Room for the miners' names.
const NAMES: i32 = 225;

/// One panel.
struct Panel {
    title: &'static str,
    numbers: fn(&Observed, &Thresholds) -> Vec<f64>,
    threshold: fn(&Thresholds) -> f64,
}

const PANELS: [Panel; 4] = [
    Panel {
        title: "highest sum of the sequential test over an answer's tokens (nats)",
        numbers: |observed, thresholds| {
            let peaks = observed.samples.iter().map(|sample| thresholds.peak(sample.margins_micro.iter().copied()));
            peaks.map(|peak| peak as f64 / 1e6).collect()
        },
        threshold: |thresholds| thresholds.tokens.reject_micro as f64 / 1e6,
    },
    Panel {
        title: "mean mantissa error of an answer's commitments (0 to 127)",
        numbers: |observed, _| observed.mantissa_means_milli().into_iter().map(|mean| f64::from(mean) / 1e3).collect(),
        threshold: |thresholds| f64::from(thresholds.mantissa_mean_milli) / 1e3,
    },
    Panel {
        title: "other exponents and signs among the 128 numbers of an answer's worst chunk",
        numbers: |observed, _| observed.mismatches().into_iter().map(f64::from).collect(),
        threshold: |thresholds| f64::from(thresholds.mismatches),
    },
    Panel {
        title: "distance of the furthest opened row from the validator's own (share of its length)",
        numbers: |observed, _| observed.openings_ppm().into_iter().map(|ppm| f64::from(ppm) / 1e6).collect(),
        threshold: |thresholds| f64::from(thresholds.opening_ppm) / 1e6,
    },
];

/// An SVG document.
pub fn picture(title: &str, observed: &[Observed], thresholds: &Thresholds) -> anyhow::Result<String> {
    let mut document = String::new();
    {
        let area = SVGBackend::with_string(&mut document, SIZE).into_drawing_area();
        // A ground of its own, so that it reads the same on dark pages.
        area.fill(&WHITE).map_err(drawing)?;
        let area = area.titled(title, ("sans-serif", 20).into_font().color(&INK)).map_err(drawing)?;
        for (panel, area) in PANELS.iter().zip(area.split_evenly((PANELS.len(), 1))) {
            draw(panel, &area, observed, thresholds)?;
        }
        area.present().map_err(drawing)?;
    }
    Ok(document)
}

fn draw(
    panel: &Panel,
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    observed: &[Observed],
    thresholds: &Thresholds,
) -> anyhow::Result<()> {
    let numbers: Vec<Vec<f64>> = observed.iter().map(|observed| (panel.numbers)(observed, thresholds)).collect();
    let threshold = (panel.threshold)(thresholds);
    let all = || numbers.iter().flatten().copied().chain([threshold]);
    // On a scale of magnitudes, where nothing is drawn at the least number above nothing.
    let least = all().filter(|number| *number > 0.0).fold(f64::INFINITY, f64::min).min(threshold.max(1e-6)) / 3.0;
    let most = all().fold(least * 10.0, f64::max) * 1.5;
    let rows = observed.len();
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(40)
        .y_label_area_size(NAMES + 5)
        .build_cartesian_2d((least..most).log_scale(), 0.0..rows as f64)
        .context("a chart")?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_label_formatter(&|number| format!("{}", (number * 1e6).round() / 1e6))
        .x_desc(panel.title)
        .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .draw()
        .map_err(drawing)?;
    // The first on top.
    let middle = |index: usize| (rows - 1 - index) as f64 + 0.5;
    for (index, observed) in observed.iter().enumerate() {
        let style = ("sans-serif", 13).into_font().color(&INK);
        let ((x, y), (left, top)) = (chart.backend_coord(&(least, middle(index))), area.get_base_pixel());
        let name = Text::new(observed.name.as_str(), (x - NAMES - left, y - 7 - top), style);
        area.draw(&name).map_err(drawing)?;
    }
    for (index, (observed, numbers)) in observed.iter().zip(&numbers).enumerate() {
        let colour = match observed.conduct {
            Conduct::Honest => HONEST,
            Conduct::Rounded => ROUNDED,
            Conduct::Sampling | Conduct::Model | Conduct::Forged => CHEAT,
        };
        let middle = middle(index);
        let mut sorted: Vec<f64> = numbers.iter().map(|number| number.max(least)).collect();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else { continue };
        let at = |share: usize| sorted[last * share / 100];
        let bar = Rectangle::new([(at(1), middle - 0.22), (at(99), middle + 0.22)], colour.mix(0.35).filled());
        chart.draw_series([bar]).map_err(drawing)?;
        // Some of them, the least and the most included: a picture is no archive.
        let every = (last / POINTS).max(1);
        let points = sorted.iter().step_by(every).chain(sorted.last()).enumerate().map(|(point, number)| {
            let apart = (point * 7 % 11) as f64 / 11.0 - 0.5;
            Circle::new((*number, middle + 0.4 * apart), 1, colour.filled())
        });
        chart.draw_series(points).map_err(drawing)?;
    }
    let line = [(threshold.max(least), 0.0), (threshold.max(least), rows as f64)];
    chart.draw_series(LineSeries::new(line, THRESHOLD.stroke_width(2))).map_err(drawing)?;
    Ok(())
}
