//! Reads a database as a thief would: every cell of every table.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, query_as};

const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
const SQLITE_COLUMNS: &str = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name <> '_sqlx_migrations'";

/// Every value that is not NULL, beside `table.column`.
pub(super) async fn cells(url: &str) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    macro_rules! read {
        ($connection:ty, $columns:expr) => {{
            let mut connection = <$connection>::connect(url).await.unwrap();
            let columns: Vec<(String, String)> = query_as($columns).fetch_all(&mut connection).await.unwrap();
            for (table, column) in columns {
                let statement =
                    format!("SELECT CAST(\"{column}\" AS TEXT) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
                let values: Vec<(String,)> =
                    query_as(AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap();
                cells.extend(values.into_iter().map(|(value,)| (format!("{table}.{column}"), value)));
            }
        }};
    }
    if url.starts_with("sqlite:") {
        read!(SqliteConnection, SQLITE_COLUMNS);
    } else {
        read!(PgConnection, POSTGRES_COLUMNS);
    }
    cells
}
