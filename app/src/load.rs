//! Loading what a part of a page shows.

use crate::error::ConsoleError;

/// Loads in a task of its own. The parts of a page go on one after the other, and stand still while nobody reads on: what
/// stands still must not hold a connection to the database, or the lock of the session, that others wait for.
pub async fn load<T: Send + 'static>(
    loading: impl Future<Output = Result<T, ConsoleError>> + Send + 'static,
) -> Result<T, ConsoleError> {
    #[cfg(feature = "ssr")]
    return crate::server::in_task(loading).await;
    #[cfg(not(feature = "ssr"))]
    return loading.await;
}
