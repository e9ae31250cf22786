//! The plots of the page, as SVG that takes its colours from the page: it reads the same on light and dark grounds.

use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, LineSeries, RGBColor, Rectangle, SVGBackend, Text,
    },
    style::{
        IntoFont,
        text_anchor::{HPos, Pos, VPos},
    },
};
use scoring::{Score, WeightMap};

use super::{
    answer::{Answer, Miner},
    page::escape,
};
use crate::drawing::drawing;

const WIDTH: u32 = 960;
/// Stand for the page's colours until the drawing is done.
const INK: RGBColor = RGBColor(1, 1, 1);
const FAINT: RGBColor = RGBColor(2, 2, 2);
const BEFORE: RGBColor = RGBColor(3, 3, 3);
const AFTER: RGBColor = RGBColor(4, 4, 4);
const COLOURS: [(RGBColor, &str); 4] =
    [(INK, "currentColor"), (FAINT, "var(--faint)"), (BEFORE, "var(--before)"), (AFTER, "var(--after)")];
/// Miners that are drawn: those who gain most, and as many who lose most.
pub const BARS: usize = 40;
const BAR_HEIGHT: u32 = 30;
const LETTERS: i32 = 15;
/// Points of a curve.
const STEPS: u32 = 200;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Each miner's share of both rows.
pub fn bars(answer: &Answer) -> anyhow::Result<String> {
    let miners = extremes(&answer.miners);
    let most = miners.iter().map(|miner| miner.share_before.max(miner.share_after)).fold(0.0, f64::max);
    let rows = miners.len().max(1);
    let size = (WIDTH, 70 + BAR_HEIGHT * rows as u32);
    let text = format!("Horizontal bars: for each of {} miners its share of the row by both rules", miners.len());
    drawn(size, "Shares of the row, before and after", &text, |area| {
        let mut chart =
            framed(area).build_cartesian_2d(0.0..(most * 1.05).max(1e-6), 0.0..rows as f64).map_err(drawing)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_labels(8)
            .light_line_style(FAINT.mix(0.0))
            .bold_line_style(FAINT)
            .axis_style(INK)
            .x_label_formatter(&|share| format!("{share:.3}"))
            .x_desc("share of the row")
            .axis_desc_style(style(INK))
            .label_style(style(INK))
            .draw()
            .map_err(drawing)?;
        for (place, miner) in miners.iter().enumerate() {
            // The largest gain on top.
            let middle = (rows - 1 - place) as f64 + 0.5;
            let old = Rectangle::new([(0.0, middle + 0.02), (miner.share_before, middle + 0.36)], BEFORE.filled());
            let new = Rectangle::new([(0.0, middle - 0.36), (miner.share_after, middle - 0.02)], AFTER.filled());
            chart.draw_series([old, new]).map_err(drawing)?;
            let ((x, y), (left, top)) = (chart.backend_coord(&(0.0, middle)), area.get_base_pixel());
            let named = style(INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(format!("uid {}", miner.uid), (x - 8 - left, y - top), named)).map_err(drawing)?;
        }
        Ok(())
    })
}

/// What a standing is worth beside the best one, by both rules, and where the miners are.
pub fn curves(answer: &Answer, maps: [WeightMap; 2]) -> anyhow::Result<String> {
    let text =
        "Two curves: the weight of a miner with a standing, as a share of the best miner's; a dot for each miner";
    drawn((WIDTH, 420), "From standing to weight", text, |area| {
        let standings = |miner: &Miner| [miner.standing_before, miner.standing_after];
        let best: [f64; 2] =
            [0, 1].map(|rules| answer.miners.iter().filter_map(|miner| standings(miner)[rules]).fold(0.0, f64::max));
        let most = best[0].max(best[1]);
        let mut chart = framed(area).build_cartesian_2d(0.0..(most * 1.03).max(1e-6), 0.0..1.03).map_err(drawing)?;
        chart
            .configure_mesh()
            .light_line_style(FAINT.mix(0.0))
            .bold_line_style(FAINT)
            .axis_style(INK)
            .x_label_formatter(&|standing| format!("{standing:.2}"))
            .y_label_formatter(&|weight| format!("{weight:.1}"))
            .x_desc("standing")
            .y_desc("weight beside the best")
            .axis_desc_style(style(INK))
            .label_style(style(INK))
            .draw()
            .map_err(drawing)?;
        for (rules, colour) in [BEFORE, AFTER].into_iter().enumerate() {
            let nano = |standing: f64| Score::from_nano((standing * 1e9) as u32).unwrap_or(Score::ONE);
            let curve = (1..=STEPS).map(|step| {
                let standing = best[rules] * f64::from(step) / f64::from(STEPS);
                let weights = maps[rules].weigh(&[nano(best[rules]), nano(standing)]);
                (standing, weights[1] as f64 / (1_u64 << 32) as f64)
            });
            let curve: Vec<(f64, f64)> = if best[rules] > 0.0 { curve.collect() } else { Vec::new() };
            chart.draw_series(LineSeries::new(curve, colour.stroke_width(2))).map_err(drawing)?;
            let largest = if rules == 0 { &answer.weights_before } else { &answer.weights_after };
            let largest = largest.iter().map(|(_, value)| value).max().unwrap_or(0).max(1);
            let dots = answer.miners.iter().filter_map(|miner| {
                let weight = [miner.weight_before, miner.weight_after][rules];
                let place = (standings(miner)[rules]?, f64::from(weight) / f64::from(largest));
                Some(Circle::new(place, 4, colour.mix(0.75).filled()))
            });
            chart.draw_series(dots).map_err(drawing)?;
        }
        Ok(())
    })
}

/// How far both rows were apart, over the log.
pub fn distances(answer: &Answer) -> anyhow::Result<String> {
    let points = &answer.series;
    let text =
        format!("A line over {} rows of the log: the share of the weight that the other rules move", answer.rows);
    drawn((WIDTH, 320), "Distance of both rows over time", &text, |area| {
        let (first, last) =
            (points.first().map_or(0, |point| point.block), points.last().map_or(0, |point| point.block));
        let most = points.iter().filter_map(|point| point.distance).fold(0.0, f64::max);
        let mut chart = framed(area)
            .build_cartesian_2d(first as f64..(last.max(first + 1)) as f64, 0.0..(most * 1.1).max(0.01))
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .light_line_style(FAINT.mix(0.0))
            .bold_line_style(FAINT)
            .axis_style(INK)
            .x_labels(8)
            .y_labels(6)
            .x_label_formatter(&|block| format!("{block:.0}"))
            .y_label_formatter(&|distance| format!("{distance:.3}"))
            .x_desc("block")
            .y_desc("share of the weight that moves")
            .axis_desc_style(style(INK))
            .label_style(style(INK))
            .draw()
            .map_err(drawing)?;
        // Where the other rules have no row, the line breaks.
        for run in points.split(|point| point.distance.is_none()) {
            let line = run.iter().filter_map(|point| Some((point.block as f64, point.distance?)));
            chart.draw_series(LineSeries::new(line.clone(), AFTER.stroke_width(2))).map_err(drawing)?;
            let dots = line.filter(|_| points.len() <= 60).map(|place| Circle::new(place, 3, AFTER.filled()));
            chart.draw_series(dots).map_err(drawing)?;
        }
        Ok(())
    })
}

/// A chart with room for its numbers and their names.
fn framed<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(8).margin_right(30).x_label_area_size(46).y_label_area_size(70);
    builder
}

fn style(colour: RGBColor) -> plotters::style::TextStyle<'static> {
    ("sans-serif", LETTERS).into_font().color(&colour)
}

/// The first and the last of a list by gain.
fn extremes(miners: &[Miner]) -> Vec<&Miner> {
    let half = BARS / 2;
    let far = |at: usize| miners.len() <= BARS || at < half || at >= miners.len() - half;
    miners.iter().enumerate().filter(|(at, _)| far(*at)).map(|(_, miner)| miner).collect()
}

/// An SVG element with a title and a description, in the page's colours.
fn drawn(
    size: (u32, u32),
    title: &str,
    text: &str,
    draw: impl FnOnce(&Area<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let mut document = String::new();
    {
        let area = SVGBackend::with_string(&mut document, size).into_drawing_area();
        draw(&area)?;
        area.present().map_err(drawing)?;
    }
    let body = document.split_once('>').map(|(_, body)| body).unwrap_or_default();
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>{body}",
        size.0,
        size.1,
        escape(title),
        escape(text)
    );
    for (RGBColor(red, green, blue), colour) in COLOURS {
        svg = svg.replace(&format!("\"#{red:02X}{green:02X}{blue:02X}\""), &format!("\"{colour}\""));
    }
    Ok(svg)
}
