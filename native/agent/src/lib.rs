//! What an enclave needs below its node: the first process of the image, and the bridges that join
//! the node's unix sockets to vsock and to the Nitro Secure Module. The same program bridges vsock
//! on the parent's side, where Node cannot speak it either.

pub mod bridge;
pub mod connection;
pub mod heartbeat;
pub mod init;
pub mod mounts;
pub mod nsm;
pub mod parent;
pub mod pipes;
pub mod relay;
pub mod report;
pub mod socket;
mod supervise;
