//! Reading, from bytes to typed requests.
