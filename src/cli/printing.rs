//! Printing to readers that may be gone. In: what the commands print; out: the same on the two streams. Invariant: whoever
//! reads only the first lines (`| head`) ends no run and changes no exit code; a disk that is full is an error.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something printed did not arrive although somebody reads.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes, and remembers what went wrong.
pub(super) fn put(out: &mut dyn Write, text: fmt::Arguments<'_>) {
    if out
        .write_fmt(text)
        .is_err_and(|e| e.kind() != ErrorKind::BrokenPipe)
    {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Whether something was lost.
pub(super) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

// The macros of the standard library panic where nobody reads.
macro_rules! print {
    ($($text:tt)*) => {
        crate::cli::printing::put(&mut std::io::stdout().lock(), format_args!($($text)*))
    };
}
macro_rules! println {
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}
macro_rules! eprint {
    ($($text:tt)*) => {
        // Who cannot be told of a problem cannot be told of this one either.
        { std::io::Write::write_fmt(&mut std::io::stderr().lock(), format_args!($($text)*)).ok(); }
    };
}
macro_rules! eprintln {
    ($($text:tt)*) => { eprint!("{}\n", format_args!($($text)*)) };
}
