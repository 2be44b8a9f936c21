//! What is tested across crates in one process: source to circuits, plans, runs among parties with links in memory.

mod alone;
mod audit;
mod choices;
mod circuits;
mod compile;
mod critical_path;
mod draws;
mod generated;
mod growth;
mod imported;
mod library;
mod malicious;
mod naive;
mod orders;
mod plans;
mod protocols;
mod schedule;
mod style;
mod support;
