//! A writer that takes its time.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, raw_sql};

/// A transaction that keeps other writers waiting.
pub enum Blocking {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Blocking {
    pub(super) async fn begin(url: &str, table: &str) -> Self {
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection.execute(raw_sql("BEGIN IMMEDIATE")).await.unwrap();
            Self::Sqlite(connection)
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let statement = AssertSqlSafe(format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE"));
            connection.execute(raw_sql(statement)).await.unwrap();
            Self::Postgres(connection)
        }
    }

    pub async fn release(self) {
        match self {
            Self::Sqlite(mut connection) => connection.execute(raw_sql("ROLLBACK")).await.map(drop).unwrap(),
            Self::Postgres(mut connection) => connection.execute(raw_sql("ROLLBACK")).await.map(drop).unwrap(),
        }
    }
}
