//! Runs compiled programs among parties.
