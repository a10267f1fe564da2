//! `cargo run -p systems -- NAME [SWITCH…]`: starts a stand-in and says how to reach it, until it is interrupted.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::io;
use systems::System;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(system) = System::ALL.into_iter().find(|s| s.name() == name) else {
        println!("cargo run -p systems -- NAME [SWITCH...]\n\nWhat can be started, and broken:");
        for system in System::ALL {
            println!("\n{}", system.name());
            for switch in system.switches() {
                println!("  {:24}{}", switch.name, switch.breaks);
            }
        }
        return Ok(());
    };
    let broken: Vec<String> = arguments.collect();
    let broken: Vec<&str> = broken.iter().map(String::as_str).collect();
    let running = system.start(&broken)?;
    println!("{name} runs until it is interrupted. In another terminal:\n");
    for (name, value) in running.environment() {
        println!("export {name}={value}");
    }
    println!("cargo run --release -- run scenarios/{name}.yaml --profile smoke");
    loop {
        std::thread::park();
    }
}
