//! What it takes to list and plan a backup of many files in an object store.

use std::fmt::Write as _;
use std::time::Instant;

use anabranch_tests::binaries;
use anabranch_tests::object_store::S3Server;
use anabranch_tests::orders::{self, Orders};
use anabranch_tests::resident::Watched;
use anyhow::{Result, ensure};

use crate::machine::mebibytes;

const ORDERS: Orders = Orders { records: 1_000_000, partitions: 20, files: 5_000, headers: false };

pub(crate) fn measure() -> Result<String> {
    let server = S3Server::start()?;
    server.create_bucket("backups")?;
    let folder = server.folder_of("backups").join("kafka");
    ORDERS.write(&folder)?;
    let mut text = format!(
        "### Listing and planning\n\n{} files of {} Parquet in all, {} partitions, on an S3 server (`s3s-fs`) that runs on the \
         same two cores; `plan --offline`, the whole process with its start; one run each.\n\n| | s | largest resident set |\n|---|---|---|\n",
        ORDERS.files * u64::from(ORDERS.partitions.unsigned_abs()),
        mebibytes(orders::size(&folder)?),
        ORDERS.partitions
    );
    let cases: [(&str, &[&str]); 2] =
        [("everything", &[]), ("an hour of it", &["--from", "1760000000000", "--until", "1760003600000"])];
    for (name, flags) in cases {
        let mut command = binaries::anabranch()?;
        command.args(["plan", "--offline", "--output", "json", "--backup", "s3://backups/kafka"]).args(flags);
        command.envs(server.environment());
        let begun = Instant::now();
        let (output, used) = Watched::start(&mut command)?.end()?;
        let took = begun.elapsed().as_secs_f64();
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        writeln!(text, "| {name} | {took:.1} | {} |", mebibytes(used.resident))?;
    }
    Ok(text)
}
