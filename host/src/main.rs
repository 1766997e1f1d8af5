//! The `anabranch` binary; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    anabranch::cli::main()
}
