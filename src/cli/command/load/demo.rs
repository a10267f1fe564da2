//! `tollgate demo`. In: nothing; out: the whole product on the embedded shop: load, verdict, report. Invariant:
//! the load goes to loopback, and the files it runs are those that `tollgate init` writes.

use super::{execute, prepare};
use crate::cli::Terminal;
use crate::cli::args::{Amount, How, Reading};
use crate::cli::command::files::init;
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::cli::output::Folder;
use crate::cli::signals;
use crate::demo::Shop;
use crate::load::stop;
use crate::units;
use crate::units::Rate;
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Enough for connections to be open and the shop's memory to be warm.
const SETTLE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {
    /// Only serves the shop on this port of 127.0.0.1 (0: a free one), until Ctrl-C.
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) serve: Option<u16>,
    /// Answers that are asked to be slow (`/api/products?slow=50ms`) take so many percent longer: two shops to compare.
    #[arg(long, value_name = "PERCENT", requires = "serve", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(in crate::cli) slower: u32,
    /// Budget file to use instead of the demo's.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) budgets: Option<PathBuf>,
    /// Measured time.
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration, default_value = "10s")]
    pub(in crate::cli) duration: Duration,
    /// Seed of arrivals, data and choices.
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) how: How,
}

pub(in crate::cli) fn demo(args: &Demo, terminal: Terminal) -> Result<u8, Error> {
    if let Some(port) = args.serve {
        return serve(port, 1.0 + f64::from(args.slower) / 100.0);
    }
    let shop = Shop::spawn_thread()
        .map_err(|e| Error::Usage(format!("the demo shop could not start: {e}")))?;
    let out = args
        .how
        .out
        .clone()
        .unwrap_or_else(|| Folder::default_for("demo", &jiff::Zoned::now()));
    let files = files(&out)?;
    let target = format!("http://{}", shop.addr).parse().ok();
    let reading = Reading {
        target,
        budgets: args.budgets.clone(),
        ..Reading::default()
    };
    let amount = Amount {
        profile: Some("launch".into()),
        seed: args.seed,
        rate: Rate::parse("500 req/s").ok(),
        duration: Some(args.duration),
        ramp: Some(SETTLE),
        warmup: Some(SETTLE),
    };
    let scenario = files.join(init::FILES[0].0);
    let mut inputs = Inputs::read(&scenario, &reading, terminal)?;
    let plan = inputs.plan(&amount)?;
    inputs.keep_to(&plan);
    let prepared = prepare(&scenario, inputs, plan, Some(out), &args.how)?;
    let (stopper, stop) = stop();
    signals::listen(stopper);
    Ok(execute(prepared, &args.how, false, (&stop, terminal))?.code)
}

/// The demo's files: the repository's where we stand in it, else copies beside the report.
fn files(out: &std::path::Path) -> Result<PathBuf, Error> {
    let here = PathBuf::new();
    let same = |(name, text): &(&str, &str)| {
        std::fs::read_to_string(here.join(name)).is_ok_and(|t| t == *text)
    };
    if init::FILES.iter().all(same) {
        return Ok(here);
    }
    let beside = out.join("files");
    init::write(&beside)?;
    Ok(beside)
}

fn serve(port: u16, slower: f64) -> Result<u8, Error> {
    let failed = |e: std::io::Error| {
        Error::Usage(format!("the demo shop cannot listen on port {port}: {e}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let bound = Shop::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await
            .map_err(failed)?
            .slower(slower);
        println!("http://{}", bound.addr);
        let (stopper, mut stop) = stop();
        signals::listen(stopper);
        bound.serve(async move { stop.requested().await }).await;
        Ok(0)
    })
}
