//! HTTPS: connections, their limits, and a stop that lets requests end.
//!
//! Each connection is a task of its own from the first byte on, so that a client that says nothing holds up nobody; it has a time for
//! its handshake, for the head of each request, for each body, and altogether.

use crate::Error;
use crate::metrics::Metrics;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use smpcc_runtime::keys::{self, Identity};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

/// For a handshake, and for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// For a connection altogether: the longest contribution over a slow line.
const CONNECTION: Duration = Duration::from_secs(3600);

/// For what a client still sends after it was answered.
const REST: Duration = Duration::from_secs(5);

/// How long requests that have begun may take once the node stops.
const LAST: Duration = Duration::from_secs(20);

/// Serves until `stop` says so, and then until requests that have begun have ended.
///
/// # Errors
/// A key that cannot be used.
pub async fn serve(
    listener: TcpListener,
    identity: &Identity,
    router: Router,
    metrics: Arc<Metrics>,
    max_connections: usize,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(tls(identity)?));
    let places = Arc::new(Semaphore::new(max_connections));
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            _ = stop.wait_for(|s| *s) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|s| *s) => break,
        };
        let (Ok(place), Ok((stream, _))) = (place, accepted) else {
            // Too many files, or a connection that is gone already: others may go.
            metrics.dropped.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        let (metrics, stop) = (metrics.clone(), stop.clone());
        tokio::spawn(async move {
            metrics.connections.fetch_add(1, Ordering::Relaxed);
            let _ = stream.set_nodelay(true);
            let served = async {
                let stream = tokio::time::timeout(HEAD, acceptor.accept(stream))
                    .await
                    .ok()?
                    .ok()?;
                connection(TokioIo::new(Lingering::new(stream)), router, stop).await
            };
            if !matches!(tokio::time::timeout(CONNECTION, served).await, Ok(Some(()))) {
                metrics.dropped.fetch_add(1, Ordering::Relaxed);
            }
            metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    // All places come back when all connections have ended.
    let all = u32::try_from(max_connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(LAST, places.acquire_many(all)).await;
    Ok(())
}

async fn connection<S>(
    stream: TokioIo<S>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let mut builder = http1::Builder::new();
    let builder = builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 << 10);
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    tokio::select! {
        ended = connection.as_mut() => return ended.ok(),
        _ = stop.wait_for(|s| *s) => connection.as_mut().graceful_shutdown(),
    }
    connection.await.ok()
}

/// A stream that is not closed before the other side has sent what it was sending: closed earlier, the system would answer the
/// rest of a refused body by a reset, and a client that still writes would lose the reason that it was given.
struct Lingering<S> {
    stream: S,
    ended: bool,
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            ended: false,
            until: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.ended = buf.filled().len() == before && buf.remaining() > 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.until.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.until = Some(Box::pin(tokio::time::sleep(REST)));
        }
        let mut rest = [0; 8 << 10];
        while !self.ended {
            if let Some(until) = &mut self.until
                && until.as_mut().poll(cx).is_ready()
            {
                break;
            }
            if ready!(self.as_mut().poll_read(cx, &mut ReadBuf::new(&mut rest))).is_err() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn tls(identity: &Identity) -> Result<rustls::ServerConfig, Error> {
    let wrong = |e: String| Error::Refused(format!("the node's certificate cannot be used: {e}"));
    let (certificate, key) = identity.served().map_err(|e| wrong(e.to_string()))?;
    rustls::ServerConfig::builder_with_provider(keys::web_provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| wrong(e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(|e| wrong(e.to_string()))
}
