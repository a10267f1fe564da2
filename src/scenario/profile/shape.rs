//! Load that changes while it is judged. In: what stands behind `stairs`, `spike` and `stages`; out: those shapes,
//! in the profile's own units. Invariant: every shape offers something, has an end, and says so in one line.

use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{SPIKE, STAGE, STAIRS};
use crate::source::{Fields, Node, Span};
use crate::units::{Rate, format_duration, significant};
use std::fmt;
use std::time::Duration;

/// Stairs, spikes and stages of one profile: enough for a day in quarters of an hour, few enough to read.
const MOST: usize = 200;
const RATE: &str = "a rate such as `500 req/s` or `50 flows/s`";

/// One constant rate after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stairs {
    /// The first rate.
    pub from: Rate,
    /// The last rate; below `from` the stairs go down.
    pub to: Rate,
    /// From one rate to the next; the last step is as long as what is left.
    pub step: Rate,
    /// How long each rate is held.
    pub every: Duration,
}

/// A base rate and a peak in the middle of every period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Before and after.
    pub base: Rate,
    /// The highest rate.
    pub peak: Rate,
    /// From base to peak.
    pub rise: Duration,
    /// At the peak.
    pub hold: Duration,
    /// From peak to base.
    pub fall: Duration,
    /// The period; the whole duration when left out.
    pub every: Option<Duration>,
}

/// One stretch of a load told step by step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// At its end.
    pub amount: Amount,
    /// `at`: that much from its first instant; `to`: in a straight line from what was before.
    pub at_once: bool,
    /// How long.
    pub length: Duration,
    /// Reported and not judged.
    pub warmup: bool,
}

/// How much load one stage ends with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Open model.
    Rate(Rate),
    /// Closed model.
    Users(u64),
}

impl Stairs {
    /// The rates, in order.
    pub fn levels(&self) -> impl Iterator<Item = Rate> + use<> {
        let Self { from, to, step, .. } = *self;
        let way = to.per_second - from.per_second;
        // A hair is taken off, so that 0.1 to 0.3 by 0.1 is three rates.
        let steps = (way.abs() / step.per_second - 1e-9).ceil().max(0.0) as usize;
        (0..=steps).map(move |i| Rate {
            per_second: if i == steps {
                to.per_second
            } else {
                from.per_second + (i as f64 * step.per_second).copysign(way)
            },
            of: from.of,
        })
    }
}

impl Spike {
    /// From the first instant above the base to the last.
    pub fn length(&self) -> Duration {
        self.rise + self.hold + self.fall
    }

    /// Why the spike does not fit into so long a run; `None` where it does.
    pub fn misfit(&self, duration: Duration) -> Option<String> {
        let period = self.every.unwrap_or(duration);
        let (words, length) = (format_duration, self.length());
        if period > duration {
            Some(format!(
                "a spike every {} does not come up in {}",
                words(period),
                words(duration)
            ))
        } else if length >= period {
            Some(format!(
                "a spike of {} leaves nothing of {} to the base rate",
                words(length),
                words(period)
            ))
        } else if duration.as_secs_f64() / period.as_secs_f64() > MOST as f64 {
            Some(format!(
                "a spike every {} for {} is more than {MOST} spikes",
                words(period),
                words(duration)
            ))
        } else {
            None
        }
    }
}

impl fmt::Display for Stairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, step, .. } = self;
        let every = format_duration(self.every);
        write!(f, "stairs from {from} to {to} by {step} every {every}")
    }
}

impl fmt::Display for Spike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rise, hold, fall] = [self.rise, self.hold, self.fall].map(format_duration);
        let Self { base, peak, .. } = self;
        write!(
            f,
            "spike from {base} to {peak}, rise {rise}, hold {hold}, fall {fall}"
        )?;
        match self.every {
            Some(every) => write!(f, ", every {}", format_duration(every)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) if rate.per_second == 0.0 => write!(f, "nothing"),
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Users(users) => write!(f, "{users} users"),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.at_once { "at" } else { "to" };
        let length = format_duration(self.length);
        write!(f, "{how} {} for {length}", self.amount)
    }
}

/// Reads `stairs:`.
pub(super) fn stairs(loading: &mut Loading<'_>, node: &Node) -> Option<Stairs> {
    let fields = loading.reader.object(node, &STAIRS)?;
    let mut rate = |key| rate(loading, &fields, key);
    let (from, to, step) = (rate("from"), rate("to"), rate("step"));
    let every = fields.get("every").and_then(|node| length(loading, node));
    let stairs = Stairs {
        from: from?,
        to: to?,
        step: step?,
        every: every?,
    };
    alike(loading, &fields, &["from", "to", "step"], |key| match key {
        "from" => stairs.from,
        "to" => stairs.to,
        _ => stairs.step,
    })?;
    let levels = stairs.levels().take(MOST + 1).count();
    if levels < 2 {
        let (span, _) = fields.entry("to")?;
        loading.reader.error(
            "T0606",
            span,
            format!("stairs from {} to {} have no step", stairs.from, stairs.to),
            format!("end at another rate, or write `rate: {}`", stairs.from),
        );
        return None;
    }
    if levels > MOST {
        let (span, _) = fields.entry("step")?;
        loading.reader.error(
            "T0606",
            span,
            format!("these stairs have more than {MOST} steps"),
            "make the step larger; for a smooth line use `stages: [{ to: 500 req/s, for: 5m }]`",
        );
        return None;
    }
    Some(stairs)
}

/// Reads `spike:`.
pub(super) fn spike(loading: &mut Loading<'_>, node: &Node) -> Option<Spike> {
    let fields = loading.reader.object(node, &SPIKE)?;
    let (base, peak) = (
        rate(loading, &fields, "base"),
        rate(loading, &fields, "peak"),
    );
    let hold = fields.get("hold").and_then(|node| length(loading, node));
    let mut side = |key| {
        fields
            .get(key)
            .map_or(Some(Duration::ZERO), |n| loading.reader.duration(n))
    };
    let (rise, fall) = (side("rise"), side("fall"));
    let every = match fields.get("every") {
        Some(node) => Some(length(loading, node)?),
        None => None,
    };
    let (base, peak) = (base?, peak?);
    alike(loading, &fields, &["base", "peak"], |key| {
        if key == "base" { base } else { peak }
    })?;
    if peak.per_second <= base.per_second {
        let (span, _) = fields.entry("peak")?;
        loading.reader.error(
            "T0607",
            span,
            format!("a spike from {base} to {peak} does not rise"),
            "write a peak above the base",
        );
        return None;
    }
    Some(Spike {
        base,
        peak,
        rise: rise?,
        hold: hold?,
        fall: fall?,
        every,
    })
}

/// Reads `stages:`.
pub(super) fn stages(loading: &mut Loading<'_>, node: &Node) -> Option<Vec<Stage>> {
    let items = loading.reader.list(node);
    let read: Vec<Option<(Stage, Span)>> = items
        .iter()
        .map(|item| stage(loading, item).map(|stage| (stage, item.span)))
        .collect();
    let read: Vec<(Stage, Span)> = read.into_iter().collect::<Option<_>>()?;
    let idle = |stage: &Stage| match stage.amount {
        Amount::Rate(rate) => rate.per_second == 0.0,
        Amount::Users(users) => users == 0,
    };
    let mut problem = |span, message: String, help: &str| {
        loading.reader.error("T0610", span, message, help);
    };
    if read.len() > MOST {
        let message = format!("a profile has at most {MOST} stages");
        problem(node.span, message, "split it into several profiles");
    } else if read.iter().all(|(stage, _)| idle(stage)) {
        let message = "these stages offer no load".into();
        problem(node.span, message, "add `{ to: 100 req/s, for: 30s }`");
    } else if read.iter().all(|(stage, _)| stage.warmup) {
        let message = "these stages are all warm-up: nothing is judged".into();
        problem(node.span, message, "take `warmup: true` from the last one");
    } else if let Some(pair) = read.windows(2).find(|w| !w[0].0.warmup && w[1].0.warmup) {
        let message = "a warm-up stage behind one that is judged".into();
        let help = "put warm-up stages first, or take `warmup: true` from this one";
        problem(pair[1].1, message, help);
    } else if let Some(odd) = read.iter().find(|s| kind(&s.0) != kind(&read[0].0)) {
        let message = format!("{} among stages of {}", kind(&odd.0), kind(&read[0].0));
        let help = "a profile has one kind of load; a second profile can have the other";
        loading.reader.error("T0605", odd.1, message, help);
    } else {
        return Some(read.into_iter().map(|(stage, _)| stage).collect());
    }
    None
}

fn kind(stage: &Stage) -> &'static str {
    match stage.amount {
        Amount::Rate(_) => "arrivals",
        Amount::Users(_) => "users",
    }
}

fn stage(loading: &mut Loading<'_>, node: &Node) -> Option<Stage> {
    let fields = loading.reader.object(node, &STAGE)?;
    let amount = match (fields.get("to"), fields.entry("at")) {
        (Some(to), None) => amount(loading, to),
        (None, Some((_, at))) => amount(loading, at),
        (None, None) => {
            loading.reader.error(
                "T0609",
                node.span,
                "this stage does not say how much load",
                "add `to: 100 req/s` (a straight line up to it) or `at: 100 req/s` (at once)",
            );
            None
        }
        (Some(_), Some((span, _))) => {
            loading.reader.error(
                "T0609",
                span,
                "`at` beside `to`: a stage goes to its rate in a straight line, or has it at once",
                "keep one of them; a second stage can have the other",
            );
            None
        }
    };
    let length = fields.get("for").and_then(|node| length(loading, node));
    let warmup = fields
        .get("warmup")
        .map_or(Some(false), |node| loading.reader.boolean(node));
    Some(Stage {
        amount: amount?,
        at_once: fields.get("at").is_some(),
        length: length?,
        warmup: warmup?,
    })
}

/// `100 req/s`, `50 users`; a stage may end with nothing.
fn amount(loading: &mut Loading<'_>, node: &Node) -> Option<Amount> {
    let parse = |text: &str| match text.trim().strip_suffix("users").map(str::trim) {
        Some(users) => users
            .parse()
            .ok()
            .filter(|users| *users <= 1_000_000)
            .map(Amount::Users)
            .ok_or_else(|| format!("`{text}` is not a number of users up to 1,000,000")),
        None => Rate::parse_from_zero(text).map(Amount::Rate),
    };
    loading
        .reader
        .quantity(node, "a rate such as `500 req/s`, or `50 users`", parse)
}

fn rate(loading: &mut Loading<'_>, fields: &Fields<'_>, key: &str) -> Option<Rate> {
    loading.reader.quantity(fields.get(key)?, RATE, Rate::parse)
}

/// A duration that is not nothing.
fn length(loading: &mut Loading<'_>, node: &Node) -> Option<Duration> {
    let length = loading.reader.duration(node)?;
    if length.is_zero() {
        let (message, help) = ("a stretch of no time offers nothing", "write `30s`");
        loading.reader.error("T0604", node.span, message, help);
        return None;
    }
    Some(length)
}

/// Notes rates of one shape that count different things.
fn alike(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    keys: &[&str],
    rate: impl Fn(&str) -> Rate,
) -> Option<()> {
    let first = rate(keys[0]);
    let Some(odd) = keys.iter().find(|key| rate(key).of != first.of) else {
        return Some(());
    };
    let (_, node) = fields.entry(odd)?;
    loading.reader.error(
        "T0605",
        node.span,
        format!(
            "`{odd}` counts something else than `{}`: {} beside {first}",
            keys[0],
            rate(odd)
        ),
        format!(
            "count both the same way, e.g. `{} {}`",
            significant(rate(odd).per_second),
            first.unit()
        ),
    );
    None
}
