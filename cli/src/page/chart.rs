//! Charts as SVG that takes its colours from the page: they read the same on light and dark grounds.

use std::ops::Range;

use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, ChartContext, Circle, Color, DrawingArea, IntoDrawingArea, LineSeries, Polygon, RGBColor,
        Rectangle, SVGBackend, Text,
    },
    style::{
        IntoFont, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::escape;
use crate::drawing::drawing;

const WIDTH: u32 = 960;
const LETTERS: i32 = 15;
const BAR_HEIGHT: u32 = 30;

/// A colour of the page. Those of series are told apart by the colour-blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Of two things, the one that is.
    Before,
    /// The other one.
    After,
    /// One of many, counted from 0.
    Series(u8),
    /// What is not one of them.
    Rest,
}

/// A frame with its axes.
pub struct Chart<'a> {
    /// Its name.
    pub title: &'a str,
    /// What it shows, for those who don't see it.
    pub description: &'a str,
    /// Across.
    pub x: Axis<'a>,
    /// Up.
    pub y: Axis<'a>,
    /// In pixels of a page that is 960 wide.
    pub height: u32,
}

/// One axis.
pub struct Axis<'a> {
    /// What it counts, and the unit.
    pub name: &'a str,
    /// From where to where; widened where that is nothing.
    pub range: Range<f64>,
    /// Digits behind the point.
    pub digits: usize,
}

/// A line, or several with gaps between them.
pub struct Line {
    /// Its colour.
    pub tint: Tint,
    /// Of each run, the points.
    pub runs: Vec<Vec<(f64, f64)>>,
    /// Where it could have been as well: at each x from where to where.
    pub band: Vec<(f64, f64, f64)>,
    /// Whether each point is marked.
    pub dots: bool,
}

/// Two bars beside a name.
pub struct Bar {
    /// Whose they are.
    pub name: String,
    /// The one that is, and the other one.
    pub values: [f64; 2],
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Frame<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    plotters::prelude::Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Colours that stand for the page's until the drawing is done.
const INK: RGBColor = RGBColor(1, 1, 1);
const FAINT: RGBColor = RGBColor(2, 2, 2);
/// How many series have a colour of their own.
const SERIES: u8 = 7;

impl Tint {
    fn stand_in(self) -> RGBColor {
        match self {
            Self::Before => RGBColor(3, 3, 3),
            Self::After => RGBColor(4, 4, 4),
            Self::Rest => RGBColor(5, 5, 5),
            Self::Series(at) => {
                let value = 6 + at % SERIES;
                RGBColor(value, value, value)
            }
        }
    }

    fn variable(self) -> String {
        match self {
            Self::Before => "before".into(),
            Self::After => "after".into(),
            Self::Rest => "rest".into(),
            Self::Series(at) => format!("series-{}", at % SERIES),
        }
    }

    /// A spot of it, as HTML.
    pub fn key(self) -> String {
        format!("<span class=\"key {}\"></span>", self.variable())
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Before, Self::After, Self::Rest].into_iter().chain((0..SERIES).map(Self::Series))
    }
}

impl Line {
    /// One run of points.
    pub fn new(tint: Tint, points: Vec<(f64, f64)>) -> Self {
        Self { tint, runs: vec![points], band: Vec::new(), dots: false }
    }
}

/// Lines over each other.
pub fn lines(chart: &Chart<'_>, lines: &[Line]) -> anyhow::Result<String> {
    chart.drawn(|frame| {
        for line in lines.iter().filter(|line| !line.band.is_empty()) {
            let (low, high): (Vec<_>, Vec<_>) =
                line.band.iter().map(|(x, low, high)| ((*x, *low), (*x, *high))).unzip();
            let around: Vec<_> = high.into_iter().chain(low.into_iter().rev()).collect();
            frame.draw_series([Polygon::new(around, line.tint.stand_in().mix(0.18))]).map_err(drawing)?;
        }
        for line in lines {
            let colour = line.tint.stand_in();
            for run in &line.runs {
                frame.draw_series(LineSeries::new(run.iter().copied(), colour.stroke_width(2))).map_err(drawing)?;
                let dots = run.iter().filter(|_| line.dots).map(|place| Circle::new(*place, 3, colour.filled()));
                frame.draw_series(dots).map_err(drawing)?;
            }
        }
        Ok(())
    })
}

/// Layers upon each other: of each its colour and how thick it is at each place.
pub fn stacked(chart: &Chart<'_>, places: &[f64], layers: &[(Tint, Vec<f64>)]) -> anyhow::Result<String> {
    // One place is a strip as wide as the chart.
    let wide = [chart.x.range.start, chart.x.range.end];
    let widened = |values: &[f64]| -> Vec<(f64, f64)> {
        match (places, values) {
            ([_], [value]) => wide.iter().map(|x| (*x, *value)).collect(),
            _ => places.iter().copied().zip(values.iter().copied()).collect(),
        }
    };
    let mut tops = Vec::new();
    let mut sum = vec![0.0; places.len()];
    for (tint, values) in layers {
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        tops.push((*tint, widened(&sum)));
    }
    chart.drawn(|frame| {
        // From the top down: each layer covers what is below its own.
        for (tint, top) in tops.iter().rev() {
            let (first, last) = (top.first().map_or(0.0, |place| place.0), top.last().map_or(0.0, |place| place.0));
            let around: Vec<_> = top.iter().copied().chain([(last, 0.0), (first, 0.0)]).collect();
            frame.draw_series([Polygon::new(around, tint.stand_in().filled())]).map_err(drawing)?;
            frame.draw_series(LineSeries::new(top.iter().copied(), FAINT.stroke_width(1))).map_err(drawing)?;
        }
        Ok(())
    })
}

/// Pairs of bars, the first on top.
pub fn bars(title: &str, description: &str, axis: &str, all: &[Bar]) -> anyhow::Result<String> {
    let most = all.iter().flat_map(|bar| bar.values).fold(0.0, f64::max);
    let count = all.len().max(1);
    let size = (WIDTH, 70 + BAR_HEIGHT * count as u32);
    svg(size, title, description, |area| {
        let mut frame =
            framed(area).build_cartesian_2d(0.0..(most * 1.05).max(1e-6), 0.0..count as f64).map_err(drawing)?;
        let mut mesh = frame.configure_mesh();
        mesh.disable_y_mesh().y_labels(0).x_labels(8).light_line_style(FAINT.mix(0.0)).bold_line_style(FAINT);
        mesh.axis_style(INK).x_label_formatter(&|share| format!("{share:.3}")).x_desc(axis);
        mesh.axis_desc_style(letters(INK)).label_style(letters(INK)).draw().map_err(drawing)?;
        for (place, bar) in all.iter().enumerate() {
            let middle = (count - 1 - place) as f64 + 0.5;
            let [before, after] = bar.values;
            let (old, new) = (Tint::Before.stand_in(), Tint::After.stand_in());
            let old = Rectangle::new([(0.0, middle + 0.02), (before, middle + 0.36)], old.filled());
            let new = Rectangle::new([(0.0, middle - 0.36), (after, middle - 0.02)], new.filled());
            frame.draw_series([old, new]).map_err(drawing)?;
            let ((x, y), (left, top)) = (frame.backend_coord(&(0.0, middle)), area.get_base_pixel());
            let named = letters(INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(bar.name.clone(), (x - 8 - left, y - top), named)).map_err(drawing)?;
        }
        Ok(())
    })
}

impl Chart<'_> {
    fn drawn(&self, draw: impl FnOnce(&mut Frame<'_, '_>) -> anyhow::Result<()>) -> anyhow::Result<String> {
        svg((WIDTH, self.height), self.title, self.description, |area| {
            let (x, y) = (self.x.room(), self.y.room());
            let mut frame = framed(area).build_cartesian_2d(x, y).map_err(drawing)?;
            let (across, up) = (self.x.digits, self.y.digits);
            let mut mesh = frame.configure_mesh();
            mesh.light_line_style(FAINT.mix(0.0)).bold_line_style(FAINT).axis_style(INK).x_labels(8).y_labels(6);
            let (x_label, y_label) = (|value: &f64| format!("{value:.across$}"), |value: &f64| format!("{value:.up$}"));
            mesh.x_label_formatter(&x_label).y_label_formatter(&y_label).x_desc(self.x.name).y_desc(self.y.name);
            mesh.axis_desc_style(letters(INK)).label_style(letters(INK)).draw().map_err(drawing)?;
            draw(&mut frame)
        })
    }
}

impl Axis<'_> {
    /// Numbers that are none draw nothing, rather than never ending.
    fn room(&self) -> Range<f64> {
        let Range { start, end } = self.range;
        match start.is_finite() && end.is_finite() {
            true if end - start > 1e-9 => start..end,
            true => start..start + 1.0,
            false => 0.0..1.0,
        }
    }
}

/// A chart with room for its numbers and their names.
fn framed<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(8).margin_right(30).x_label_area_size(46).y_label_area_size(70);
    builder
}

fn letters(colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", LETTERS).into_font().color(&colour)
}

/// An SVG element with a title and a description, in the page's colours.
fn svg(
    size: (u32, u32),
    title: &str,
    description: &str,
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
        escape(description)
    );
    let fixed = [(INK, "currentColor".to_owned()), (FAINT, "var(--faint)".to_owned())];
    let tints = Tint::all().map(|tint| (tint.stand_in(), format!("var(--{})", tint.variable())));
    for (RGBColor(red, green, blue), colour) in fixed.into_iter().chain(tints) {
        svg = svg.replace(&format!("\"#{red:02X}{green:02X}{blue:02X}\""), &format!("\"{colour}\""));
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(range: Range<f64>) -> Chart<'static> {
        let axis = |name| Axis { name, range: range.clone(), digits: 1 };
        Chart { title: "t", description: "d", x: axis("x"), y: axis("y"), height: 200 }
    }

    #[test]
    fn every_colour_is_the_pages() {
        let all: Vec<Line> = Tint::all().map(|tint| Line::new(tint, vec![(0.0, 0.1), (1.0, 0.9)])).collect();
        let svg = lines(&chart(0.0..1.0), &all).unwrap();
        assert!(!svg.contains("=\"#0"), "{svg}");
        for tint in Tint::all() {
            assert!(svg.contains(&format!("var(--{})", tint.variable())), "{tint:?}");
        }
    }

    #[test]
    fn ranges_that_are_none_are_drawn() {
        for range in [0.0..0.0, 3.0..1.0, f64::NAN..1.0, 0.0..f64::INFINITY] {
            let drawn = lines(&chart(range), &[Line::new(Tint::Before, vec![(0.0, f64::NAN), (1.0, 1.0)])]);
            assert!(drawn.unwrap().contains("<svg"));
        }
        assert!(stacked(&chart(0.0..1.0), &[5.0], &[(Tint::Rest, vec![1.0])]).unwrap().contains("var(--rest)"));
        assert!(bars("t", "d", "x", &[]).unwrap().contains("<svg"));
    }
}
