//! From a finished capture to parts in the customer's bucket: the mix runs in a child process, each part goes up as
//! it comes out, and the node never sees a credential, only signed URLs.

mod mix_process;
mod parts;
mod upload;

pub use mix_process::{MixProcess, MixProcessError};
pub use parts::PartClient;
pub use upload::{Upload, UploadError, Uploaded};
