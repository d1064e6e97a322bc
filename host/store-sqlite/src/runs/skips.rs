//! Steps of a run that were passed by.

use rusqlite::{Connection, Row, params};
use sluse_model::SkippedStep;

use crate::{error::Failure, values::Kept, writer::Write};

pub(crate) fn keep(write: &Write<'_>, run_key: i64, skipped: &[SkippedStep]) -> Result<(), Failure> {
    let sql = "INSERT INTO skips (run, step_index, step, condition, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    for one in skipped {
        let values = params![run_key, one.step_index, one.step.as_str(), one.when, one.at.as_millis()];
        write.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

/// In their order.
pub(super) fn of_run(connection: &Connection, run_key: i64) -> rusqlite::Result<Vec<SkippedStep>> {
    let sql = "SELECT step_index, step, condition, at FROM skips WHERE run = ?1 ORDER BY step_index";
    let read = |row: &Row<'_>| {
        let (Kept(step), Kept(at)) = (row.get(1)?, row.get(3)?);
        Ok(SkippedStep { step_index: row.get(0)?, step, when: row.get(2)?, at })
    };
    connection.prepare_cached(sql)?.query_map([run_key], read)?.collect()
}
