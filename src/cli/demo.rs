//! `tollgate demo`. In: nothing; out: the whole product on the embedded shop: load, verdict, report. Invariant:
//! the load goes to loopback, and the files it runs are those that `tollgate init` writes.

use super::Terminal;
use super::args::{Amount, Demo, Reading};
use super::error::Error;
use super::init;
use super::inputs::Inputs;
use super::output::Folder;
use super::run::{execute, prepare};
use super::signals;
use crate::demo::Shop;
use crate::load::stop;
use crate::units::Rate;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Enough for connections to be open and the shop's memory to be warm.
const SETTLE: Duration = Duration::from_secs(1);

pub(super) fn demo(args: &Demo, terminal: Terminal) -> Result<u8, Error> {
    if let Some(port) = args.serve {
        return serve(port);
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
        env: Vec::new(),
        budgets: args.budgets.clone(),
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
    let inputs = Inputs::read(&scenario, &reading, terminal)?;
    let plan = inputs.plan(&amount)?;
    let prepared = prepare(&scenario, inputs, plan, Some(out), &args.how)?;
    let (stopper, stop) = stop();
    signals::listen(stopper);
    Ok(execute(prepared, &args.how, &stop, terminal)?.code)
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

fn serve(port: u16) -> Result<u8, Error> {
    let failed = |e: std::io::Error| {
        Error::Usage(format!("the demo shop cannot listen on port {port}: {e}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let bound = Shop::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await
            .map_err(failed)?;
        println!("http://{}", bound.addr);
        let (stopper, mut stop) = stop();
        signals::listen(stopper);
        bound.serve(async move { stop.requested().await }).await;
        Ok(0)
    })
}
