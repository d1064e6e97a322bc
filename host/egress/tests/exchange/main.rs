//! Requests over real sockets on loopback: what leaves, what does not, and what comes back.

mod iis; // the other side, when it demands NTLM
mod target; // the other side

mod addresses; // what is dialled
mod answers; // what comes back, late, cut, too much
mod basic; // a password that goes with every request
mod certificates; // what is presented, and refused
mod echoes; // secrets that come back
mod ntlm; // sockets that are signed in
mod redirects; // answers that point elsewhere
mod requests; // what leaves
mod streams; // bodies that are read while they leave
mod tls; // trust
