//! One chart as SVG. In: two scales, lines and their names; out: markup that needs no script. Invariant: every text is
//! escaped, names stand at the ends of their lines without covering each other, and the chart says in words what it
//! shows (`aria-label`), because a screen reader sees nothing else.

use super::scale::Scale;
use crate::expr::escaped;
use crate::report::text::put;

/// Width of the drawing, names included.
const WIDTH: f64 = 640.0;
/// Left and right of the plot: numbers and names of lines.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 84.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 26.0;
/// Width of a character where the page is narrow and the letters are large.
const CHARACTER: f64 = 8.0;
/// Least distance between names.
const LINE: f64 = 15.0;

/// A chart while it is drawn.
pub(super) struct Chart {
    label: String,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) body: String,
    names: Vec<(f64, String, &'static str)>,
    /// Drawn above the lines.
    pub(super) notes: String,
    /// Where the last name of a band ends.
    named: f64,
}

/// Left and right edge of every plot.
pub(super) const fn plot_x() -> (f64, f64) {
    (LEFT, WIDTH - RIGHT)
}

/// Bottom and top edge of the plot of a chart of some height.
pub(super) const fn plot_y(height: f64) -> (f64, f64) {
    (height - BOTTOM, TOP)
}

impl Chart {
    pub(super) fn new(label: &str, height: f64, x: Scale, y: Scale) -> Self {
        Self {
            label: label.to_owned(),
            height,
            x,
            y,
            body: String::new(),
            names: Vec::new(),
            notes: String::new(),
            named: 0.0,
        }
    }

    /// Grid, numbers, and the unit above the left axis.
    pub(super) fn axes(&mut self, x: &[(f64, String)], y: &[(f64, String)], unit: &str) {
        let (left, right) = plot_x();
        let (bottom, top) = plot_y(self.height);
        for (value, text) in y {
            let at = self.y.at(*value);
            put(
                &mut self.body,
                format_args!(
                    "<path class=g d='M{} {}H{}'/><text class=y x={} y={}>{}</text>",
                    pixel(left),
                    pixel(at),
                    pixel(right),
                    pixel(left - 7.0),
                    pixel(at + 4.0),
                    escaped(text)
                ),
            );
        }
        let mut free = 0.0;
        for (value, text) in x {
            let at = self.x.at(*value);
            put(
                &mut self.body,
                format_args!("<path class=t d='M{} {}v4'/>", pixel(at), pixel(bottom)),
            );
            let half = CHARACTER / 2.0 * text.chars().count() as f64;
            // A number that would stand on the one before is left to its tick.
            if at - half < free {
                continue;
            }
            free = at + half;
            put(
                &mut self.body,
                format_args!(
                    "<text class=x x={} y={}>{}</text>",
                    pixel(at),
                    pixel(bottom + 18.0),
                    escaped(text)
                ),
            );
        }
        put(
            &mut self.body,
            format_args!(
                "<text class=u x=2 y={}>{}</text>",
                pixel(top - 14.0),
                escaped(unit)
            ),
        );
    }

    /// A stretch of the horizontal axis set back, with its name.
    pub(super) fn band(&mut self, from: f64, to: f64, name: &str) {
        let (bottom, top) = plot_y(self.height);
        let (a, b) = (self.x.at(from), self.x.at(to));
        put(
            &mut self.body,
            format_args!(
                "<rect class=b x={} y={} width={} height={}><title>{}</title></rect>",
                pixel(a),
                pixel(top),
                pixel(b - a),
                pixel(bottom - top),
                escaped(name)
            ),
        );
        if a >= self.named {
            put(
                &mut self.notes,
                format_args!(
                    "<text class=n x={} y={}>{}</text>",
                    pixel(a + 3.0),
                    pixel(top + 12.0),
                    escaped(name)
                ),
            );
            self.named = a + 7.0 * name.chars().count() as f64;
        }
    }

    /// A horizontal limit with its name at the left, on the line.
    pub(super) fn limit(&mut self, value: f64, name: &str, class: &'static str) {
        let (left, _) = plot_x();
        self.across(value, name, (class, left + 5.0));
    }

    /// A level to compare with, its name at the right, on the line.
    pub(super) fn usual(&mut self, value: f64, name: &str) {
        let (_, right) = plot_x();
        self.across(value, name, ("first z", right - 5.0));
    }

    fn across(&mut self, value: f64, name: &str, (class, x): (&str, f64)) {
        let (left, right) = plot_x();
        let at = self.y.at(value);
        put(
            &mut self.body,
            format_args!(
                "<path class='m {class}' d='M{} {}H{}'/>",
                pixel(left),
                pixel(at),
                pixel(right),
            ),
        );
        put(
            &mut self.notes,
            format_args!(
                "<text class='n {class}' x={} y={}>{}</text>",
                pixel(x),
                pixel(at - 4.0),
                escaped(name)
            ),
        );
    }

    /// A line through the known points; unknown ones are gaps. Its name stands at its end.
    pub(super) fn line(
        &mut self,
        name: &str,
        class: &'static str,
        points: impl Iterator<Item = (f64, Option<f64>)>,
    ) {
        let mut path = String::new();
        let mut pen_down = false;
        let mut end = None;
        for (x, y) in points {
            let Some(y) = y else {
                pen_down = false;
                continue;
            };
            let (x, y) = (self.x.at(x), self.y.at(y));
            let step = if pen_down { ' ' } else { 'M' };
            put(&mut path, format_args!("{step}{} {}", pixel(x), pixel(y)));
            pen_down = true;
            end = Some(y);
        }
        if let Some(y) = end {
            put(
                &mut self.body,
                format_args!("<path class='l {class}' d='{path}'/>"),
            );
            self.names.push((y, name.to_owned(), class));
        }
    }

    /// A dot, for what happened too rarely for a line.
    pub(super) fn dot(&mut self, x: f64, y: f64, class: &'static str) {
        let (x, y) = (self.x.at(x), self.y.at(y));
        put(
            &mut self.body,
            format_args!(
                "<circle class={class} cx={} cy={} r=3 />",
                pixel(x),
                pixel(y)
            ),
        );
    }

    /// Filled rectangles of one colour: from and to on either axis.
    pub(super) fn cells(
        &mut self,
        class: &'static str,
        cells: impl Iterator<Item = (f64, f64, f64, f64)>,
    ) {
        let mut path = String::new();
        for (left, right, low, high) in cells {
            let (left, right) = (self.x.at(left), self.x.at(right));
            let (bottom, top) = (self.y.at(low), self.y.at(high));
            rectangle(&mut path, (left, right), (top, bottom));
        }
        self.filled(class, &path);
    }

    /// Rectangles over stretches of the horizontal axis, each between two pixels of the vertical one.
    pub(super) fn blocks(
        &mut self,
        class: &'static str,
        blocks: impl Iterator<Item = ((f64, f64), (f64, f64))>,
    ) {
        let mut path = String::new();
        for ((from, to), pixels) in blocks {
            rectangle(&mut path, (self.x.at(from), self.x.at(to)), pixels);
        }
        self.filled(class, &path);
    }

    fn filled(&mut self, class: &'static str, path: &str) {
        if !path.is_empty() {
            put(
                &mut self.body,
                format_args!("<path class='c {class}' d='{path}'/>"),
            );
        }
    }

    /// A colour and what it means, at the right.
    pub(super) fn swatch(&mut self, y: f64, class: &'static str, name: &str) {
        let (_, right) = plot_x();
        let mut path = String::new();
        rectangle(&mut path, (right + 7.0, right + 20.0), (y - 7.0, y + 6.0));
        self.filled(class, &path);
        self.word(right + 25.0, y + 4.0, "", name);
    }

    /// A text at the right.
    pub(super) fn side(&mut self, y: f64, class: &'static str, text: &str) {
        let (_, right) = plot_x();
        self.word(right + 6.0, y, class, text);
    }

    /// A line from left to right.
    pub(super) fn rule(&mut self, y: f64) {
        let (left, right) = plot_x();
        let (left, y, right) = (pixel(left), pixel(y), pixel(right));
        put(
            &mut self.body,
            format_args!("<path class=g d='M{left} {y}H{right}'/>"),
        );
    }

    /// A text above what is drawn.
    pub(super) fn word(&mut self, x: f64, y: f64, class: &'static str, text: &str) {
        put(
            &mut self.notes,
            format_args!(
                "<text class='n {class}' x={} y={}>{}</text>",
                pixel(x),
                pixel(y),
                escaped(text)
            ),
        );
    }

    /// Stretches that tell their exact values when pointed at.
    pub(super) fn hover(&mut self, columns: impl Iterator<Item = (f64, f64, String)>) {
        let (bottom, top) = plot_y(self.height);
        self.body.push_str("<g class=h>");
        for (from, to, text) in columns {
            let (a, b) = (self.x.at(from), self.x.at(to));
            put(
                &mut self.body,
                format_args!(
                    "<rect x={} y={} width={} height={}><title>{}</title></rect>",
                    pixel(a),
                    pixel(top),
                    pixel((b - a).max(0.5)),
                    pixel(bottom - top),
                    escaped(&text)
                ),
            );
        }
        self.body.push_str("</g>");
    }

    /// The markup.
    pub(super) fn finish(mut self) -> String {
        let (_, right) = plot_x();
        let (bottom, top) = plot_y(self.height);
        // The lowest name stands clear of the numbers below the axis.
        spread(&mut self.names, top, bottom - 5.0);
        let mut out = format!(
            "<svg class=chart role=img viewBox='0 0 {} {}' aria-label=\"{}\">{}{}",
            pixel(WIDTH),
            pixel(self.height),
            escaped(&self.label),
            self.body,
            self.notes
        );
        for (y, name, class) in &self.names {
            put(
                &mut out,
                format_args!(
                    "<text class='e {class}' x={} y={}>{}</text>",
                    pixel(right + 6.0),
                    pixel(y + 4.0),
                    escaped(name)
                ),
            );
        }
        out.push_str("</svg>");
        out
    }
}

/// Appends a rectangle to a path.
fn rectangle(path: &mut String, (left, right): (f64, f64), (top, bottom): (f64, f64)) {
    put(
        path,
        format_args!(
            "M{} {}H{}V{}H{}z",
            pixel(left),
            pixel(top),
            pixel(right),
            pixel(bottom),
            pixel(left)
        ),
    );
}

/// Moves names apart, in the order of their lines, and keeps them inside.
fn spread(names: &mut [(f64, String, &'static str)], top: f64, bottom: f64) {
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = top;
    for name in names.iter_mut() {
        name.0 = name.0.max(free);
        free = name.0 + LINE;
    }
    let mut free = bottom;
    for name in names.iter_mut().rev() {
        name.0 = name.0.min(free);
        free = name.0 - LINE;
    }
}

/// The part of the limit that is used, as a bar: the mark at two thirds is the limit itself.
pub(in crate::report::html) fn bar(used: f64, holds: bool, text: &str) -> String {
    const LIMIT: f64 = 80.0;
    let width = (used * LIMIT).clamp(1.0, LIMIT * 1.5);
    let class = if holds { "ok" } else { "over" };
    let beyond = if used > 1.5 {
        "<path class=beyond d='M111 2l5 5-5 5z'/>"
    } else {
        ""
    };
    format!(
        "<svg class=bar role=img viewBox='0 0 122 14' aria-label=\"{}\"><title>{}</title>\
         <rect class=track x=0 y=4 width=120 height=6 rx=3 /><rect class={class} x=0 y=4 width={} height=6 rx=3 />\
         {beyond}<path class=mark d='M80 0v14'/></svg>",
        escaped(text),
        escaped(text),
        pixel(width),
    )
}

/// A coordinate with one decimal at most.
pub(in crate::report::html) fn pixel(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    if tenths % 10 == 0 {
        (tenths / 10).to_string()
    } else {
        format!("{:.1}", tenths as f64 / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_cover_each_other_and_stay_inside() {
        let mut names: Vec<(f64, String, &'static str)> = [100.0, 101.0, 102.0, 30.0]
            .map(|y| (y, String::new(), ""))
            .into();
        spread(&mut names, 24.0, 110.0);
        let ys: Vec<f64> = names.iter().map(|n| n.0).collect();
        assert_eq!(ys, [30.0, 80.0, 95.0, 110.0]);
    }

    #[test]
    fn texts_are_escaped_everywhere() {
        let scale = || Scale::linear(0.0, 1.0, 0.0, 100.0);
        let hostile = "\"><script>'&";
        let mut chart = Chart::new(hostile, 200.0, scale(), scale());
        chart.axes(&[(0.0, hostile.into())], &[(0.0, hostile.into())], hostile);
        chart.band(0.0, 1.0, hostile);
        chart.line(hostile, "p50", [(0.0, Some(1.0)), (1.0, None)].into_iter());
        chart.hover([(0.0, 1.0, hostile.to_owned())].into_iter());
        let markup = chart.finish() + &bar(2.0, false, hostile);
        assert!(!markup.contains("<script") && !markup.contains("'&\""));
    }

    #[test]
    fn gaps_break_a_line() {
        let scale = || Scale::linear(0.0, 10.0, 0.0, 10.0);
        let mut chart = Chart::new("", 200.0, scale(), scale());
        let points = [
            (0.0, Some(1.0)),
            (1.0, Some(2.0)),
            (2.0, None),
            (3.0, Some(4.5)),
        ];
        chart.line("p", "p50", points.into_iter());
        assert!(chart.finish().contains("d='M0 1 1 2M3 4.5'"));
    }
}
