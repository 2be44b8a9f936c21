//! The picture as SVG: no fonts, scripts or files beside it are needed.

use super::layout::{Point, layout};
use super::{Picture, Role, colours};
use std::fmt::Write as _;

/// Pixels of a line of text, and of a character of it, about.
const LINE: f64 = 18.0;
const CHARACTER: f64 = 7.3;
/// Space around the text of a box, and around the picture.
const PADDING: (f64, f64) = (14.0, 10.0);
const MARGIN: f64 = 24.0;
/// Space for the title and what the colours mean.
const HEAD: f64 = 58.0;

/// The picture as an SVG document.
pub fn svg(picture: &Picture) -> String {
    let sizes: Vec<Point> = picture
        .boxes
        .iter()
        .map(|b| {
            let longest = b.lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
            (
                longest as f64 * CHARACTER + 2.0 * PADDING.0,
                b.lines.len() as f64 * LINE + 2.0 * PADDING.1,
            )
        })
        .collect();
    let edges: Vec<(usize, usize)> = picture.edges.iter().map(|e| (e.from, e.to)).collect();
    let placed = layout(&sizes, &edges);
    let title = picture.title.chars().count() as f64 * CHARACTER * 1.2;
    let width = placed.size.0.max(title).max(LEGEND_WIDTH) + 2.0 * MARGIN;
    let height = placed.size.1 + HEAD + 2.0 * MARGIN;
    let left = (width - placed.size.0) / 2.0;
    let at = |(x, y): Point| (x + left, y + HEAD + MARGIN);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&picture.title));
    out.push_str("<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>\n");
    let _ = writeln!(
        out,
        "<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>"
    );
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN:.0}\" y=\"30\" font-size=\"16\" font-weight=\"bold\">{}</text>",
        escaped(&picture.title)
    );
    legend(&mut out);
    for (edge, way) in picture.edges.iter().zip(&placed.ways) {
        let points: Vec<Point> = way.iter().map(|&p| at(p)).collect();
        let (line, thick) = if edge.converts {
            ("#222", 2.2)
        } else {
            ("#777", 1.2)
        };
        let _ = writeln!(
            out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{line}\" stroke-width=\"{thick}\" marker-end=\"url(#tip)\"/>",
            curve(&points)
        );
    }
    for ((drawn, place), size) in picture.boxes.iter().zip(&placed.boxes).zip(&sizes) {
        let (x, y) = at(*place);
        let (fill, line) = colours(drawn.role);
        let round = match drawn.role {
            Role::Computes(_) => 4.0,
            Role::Gives | Role::Learns => 16.0,
        };
        let _ = writeln!(
            out,
            "<g><rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round:.0}\" fill=\"{fill}\" stroke=\"{line}\" stroke-width=\"1.5\"/>",
            x - size.0 / 2.0,
            size.0,
            size.1
        );
        if !drawn.note.is_empty() {
            let _ = writeln!(out, "<title>{}</title>", escaped(&drawn.note));
        }
        for (i, text) in drawn.lines.iter().enumerate() {
            let weight = if i == 0 { " font-weight=\"bold\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\"{weight}>{}</text>",
                y + PADDING.1 + LINE * (i as f64 + 0.75),
                escaped(text)
            );
        }
        out.push_str("</g>\n");
    }
    // Last, so that no line runs through a label.
    let mut taken: Vec<(Point, f64)> = Vec::new();
    for (edge, way) in picture.edges.iter().zip(&placed.ways) {
        let half = edge.label.chars().count() as f64 * CHARACTER * 0.46;
        let (x, y) = free(way, half, &taken);
        taken.push(((x, y), half));
        let (x, y) = at((x, y));
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"15\" fill=\"#fff\"/><text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" font-size=\"12\" fill=\"#222\">{}</text>",
            x - half,
            y - 11.5,
            2.0 * half,
            escaped(&edge.label)
        );
    }
    out.push_str("</svg>\n");
    out
}

const LEGEND_WIDTH: f64 = 560.0;

fn legend(out: &mut String) {
    use smpcc_circuit::program::Domain;
    let mut x = MARGIN;
    for (domain, name) in [
        (Domain::Arithmetic { ring: 0 }, "A arithmetic"),
        (Domain::Boolean, "B Boolean"),
        (Domain::Yao, "Y garbled"),
        (Domain::Public, "P in the clear"),
    ] {
        let (fill, line) = colours(Role::Computes(domain));
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"44\" width=\"14\" height=\"14\" rx=\"3\" fill=\"{fill}\" stroke=\"{line}\"/><text x=\"{:.0}\" y=\"56\" font-size=\"12\">{name}</text>",
            x + 20.0
        );
        x += 120.0;
    }
}

/// A place for a label on the way of an arrow, beside those that are taken.
fn free(way: &[Point], half: f64, taken: &[(Point, f64)]) -> Point {
    let on = |from: Point, to: Point, t: f64| {
        // Arrows leave and enter upright: half-way they are half-way.
        let s = t * t * (3.0 - 2.0 * t);
        (
            from.0 + (to.0 - from.0) * s,
            from.1 + (to.1 - from.1) * t + 4.0,
        )
    };
    let clear = |p: Point| {
        taken
            .iter()
            .all(|&(q, other)| (p.0 - q.0).abs() > half + other + 6.0 || (p.1 - q.1).abs() > 14.0)
    };
    let spots = way
        .chunks(2)
        .filter_map(|pair| match pair {
            [a, b] => Some((*a, *b)),
            _ => None,
        })
        .flat_map(|(a, b)| [0.5, 0.3, 0.7, 0.18, 0.82].map(|t| on(a, b, t)));
    let mut first = None;
    for spot in spots {
        if clear(spot) {
            return spot;
        }
        first.get_or_insert(spot);
    }
    first.unwrap_or((0.0, 0.0))
}

/// Straight through layers, curved between them.
fn curve(points: &[Point]) -> String {
    let mut d = String::new();
    for (i, pair) in points.chunks(2).enumerate() {
        let [a, b] = pair else { continue };
        let middle = (a.1 + b.1) / 2.0;
        let lead = if i == 0 { 'M' } else { 'L' };
        let _ = write!(
            d,
            "{lead}{:.1},{:.1} C{:.1},{middle:.1} {:.1},{middle:.1} {:.1},{:.1} ",
            a.0, a.1, a.0, b.0, b.0, b.1
        );
    }
    d.trim_end().to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
