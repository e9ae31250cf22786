//! What rules pay as a picture: by the score of a miner's answers, and over time.

use anyhow::Context as _;
use plotters::{
    chart::SeriesLabelPosition,
    coord::Shift,
    prelude::{
        ChartBuilder, Color, DrawingArea, IntoDrawingArea, LineSeries, PathElement, Polygon, RGBColor, SVGBackend,
    },
    style::{IntoFont, WHITE},
};
use scoring::trial::{Step, Verdict};

use crate::drawing::{INK, drawing};

const SIZE: (u32, u32) = (1_100, 480);
/// Okabe and Ito's colours, which the colour-blind can tell apart.
const PAID: RGBColor = RGBColor(0, 114, 178);
const HONEST: RGBColor = RGBColor(0, 158, 115);
const FAILING: RGBColor = RGBColor(213, 94, 0);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// An SVG document.
pub fn plot(title: &str, verdict: &Verdict) -> anyhow::Result<String> {
    let mut document = String::new();
    {
        let area = SVGBackend::with_string(&mut document, SIZE).into_drawing_area();
        // A ground of its own, so that it reads the same on dark pages.
        area.fill(&WHITE).map_err(drawing)?;
        let area = area.titled(title, ("sans-serif", 20).into_font().color(&INK)).map_err(drawing)?;
        let (left, right) = area.split_horizontally(SIZE.0 / 2);
        curve(&left, verdict)?;
        courses(&right, verdict)?;
        area.present().map_err(drawing)?;
    }
    Ok(document)
}

fn curve(area: &DrawingArea<SVGBackend<'_>, Shift>, verdict: &Verdict) -> anyhow::Result<()> {
    let points = || verdict.curve.iter().map(|point| (point.score, 100.0 * point.share));
    let most = points().map(|(_, share)| share).fold(1e-3, f64::max) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..1.0, 0.0..most)
        .context("a chart")?;
    mesh(&mut chart, "score of each answer of one miner among 16", "its share of their pay (%)")?;
    let below: Vec<(f64, f64)> = points().chain([(1.0, 0.0), (0.0, 0.0)]).collect();
    chart.draw_series([Polygon::new(below, PAID.mix(0.15))]).map_err(drawing)?;
    chart.draw_series(LineSeries::new(points(), PAID.stroke_width(3))).map_err(drawing)?;
    Ok(())
}

fn courses(area: &DrawingArea<SVGBackend<'_>, Shift>, verdict: &Verdict) -> anyhow::Result<()> {
    let courses = &verdict.courses;
    let all = [
        // Broad and pale, so that it shows where another line lies on it.
        ("goes on answering", HONEST.mix(0.4).stroke_width(8), &courses.honest),
        ("begins", PAID.stroke_width(3), &courses.newcomer),
        ("begins to fail", FAILING.stroke_width(3), &courses.failing),
    ];
    let points =
        |steps: &[Step]| steps.iter().map(|step| (step.answers as f64, 100.0 * step.share)).collect::<Vec<_>>();
    let every = || all.iter().flat_map(|(_, _, steps)| points(steps));
    // Room for the names above the lines.
    let most = every().map(|(_, share)| share).fold(1e-3, f64::max) * 1.3;
    let last = every().map(|(answers, _)| answers).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, 0.0..most)
        .context("a chart")?;
    mesh(&mut chart, "answers since it began or began to fail", "share of the best of 16 miners (%)")?;
    for (name, style, steps) in all {
        let line = LineSeries::new(points(steps), style);
        let drawn = chart.draw_series(line).map_err(drawing)?;
        drawn.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(("sans-serif", 14).into_font().color(&INK))
        .legend_area_size(28)
        .background_style(WHITE)
        .draw()
        .map_err(drawing)?;
    Ok(())
}

type Chart<'a, 'b> = plotters::chart::ChartContext<
    'a,
    SVGBackend<'b>,
    plotters::prelude::Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn mesh(chart: &mut Chart<'_, '_>, across: &str, up: &str) -> anyhow::Result<()> {
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&|number| format!("{}", (number * 1e3).round() / 1e3))
        .y_label_formatter(&|number| format!("{}", (number * 1e3).round() / 1e3))
        .x_desc(across)
        .y_desc(up)
        .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .draw()
        .map_err(drawing)
}
