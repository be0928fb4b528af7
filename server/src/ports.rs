//! Addresses are checked before anything else starts, so that a taken port is one sentence that names the option.

use crate::start_error::StartError;
use std::net::{SocketAddr, UdpSocket};
use tokio::net::TcpListener;

/// Binds a listener and keeps it.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(address: SocketAddr, what: &'static str, option: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Address { what, address, option, source })
}

/// Checks that a child process will be able to listen on `address`.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn check_tcp(address: SocketAddr, what: &'static str, option: &'static str) -> Result<(), StartError> {
    bind(address, what, option).await.map(drop)
}

/// Checks that a child process will be able to receive datagrams on `address`.
///
/// # Errors
/// When the address is taken or not ours.
pub fn check_udp(address: SocketAddr, what: &'static str, option: &'static str) -> Result<(), StartError> {
    UdpSocket::bind(address).map(drop).map_err(|source| StartError::Address { what, address, option, source })
}
