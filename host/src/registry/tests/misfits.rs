//! Schemas that cannot be used for what they refer to are a matter of their records, and not of the whole restore.

use std::path::Path;

use super::*;
use crate::job::file;
use crate::schema::{Obstacle, Registering, Schemas};

#[test]
fn a_schema_that_refers_to_itself_or_to_too_many_others_is_a_misfit_and_does_not_end_the_restore() {
    let server = Server::start(|asked| {
        let refers = |subject: &str, version: i32| json!({ "schema": "x", "references": [reference(&format!("{subject}{version}"), subject, version)] });
        if let Some(version) = asked.line.strip_prefix("GET /subjects/long/versions/") {
            let version: i32 = version.trim_end_matches("?deleted=true").parse().unwrap();
            return Reply::Json(200, refers("long", version + 1));
        }
        match asked.line.as_str() {
            "GET /schemas/ids/1" | "GET /subjects/ring/versions/1?deleted=true" => Reply::Json(200, refers("ring", 1)),
            "GET /schemas/ids/2" => Reply::Json(200, refers("long", 1)),
            other => panic!("{other}"),
        }
    });
    let text = format!(
        "[backup]\nurl = \"/backup\"\n[target]\nbrokers = \"null\"\n[registry]\nurl = \"{}\"\n[[schema]]\n[schema.value]\n\
         encoding = \"avro\"\n",
        server.url()
    );
    let job = file::parse(&text, Path::new("job.toml"), &|_| None).unwrap();
    let schemas = Schemas::open(&job, Registering::Never).unwrap().unwrap();
    let part = schemas.parts("orders").next().unwrap();
    for (id, due) in [(1, "refers to itself, by way of others"), (2, "refers to more than 1000 others")] {
        let outlook = part.outlook(SchemaName::Id(id), "orders").unwrap();
        let Some(Obstacle::Unknown(misfit)) = outlook.obstacle else { panic!("{id}") };
        let said = misfit.to_string();
        assert!(said.starts_with("what its schema refers to cannot be had") && said.contains(due), "{said}");
    }
}
