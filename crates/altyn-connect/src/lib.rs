//! Providers over the network, and the sender of callbacks.
