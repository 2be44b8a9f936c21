//! No image of a process's memory on disk: what a party or a node computes with would be in it.

use crate::error::Error;

/// Forbids the system to write this process's memory to disk when it crashes: no core file, none piped to a collector either, and no
/// debugger but an administrator's. Processes that it starts get the limit; what is piped they forbid themselves. Where the system
/// has no such thing, nothing happens.
///
/// # Errors
/// A system that refuses.
pub fn forbid() -> Result<(), Error> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none).map_err(refused)?;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(refused)?;
    }
    Ok(())
}

#[cfg(unix)]
fn refused(why: rustix::io::Errno) -> Error {
    Error::machine(format!("core dumps cannot be switched off: {why}"))
}
