//! From a finished capture to where the customer wants it. Into a bucket: the mix runs in a child process, each part goes
//! up as it comes out, and the node never sees a credential, only signed URLs. To an address of the customer's own: the
//! file is made and sent at once ([`PutClient`]).

mod mix_process;
mod parts;
mod put;
mod turns;
mod upload;

pub use mix_process::{MixProcess, MixProcessError};
pub use parts::PartClient;
pub use put::{Delivered, InvalidUploadUrl, PutClient, PutError, PutTimes, UploadUrl};
pub use upload::{Upload, UploadError, Uploaded};
